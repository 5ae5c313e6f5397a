package sqlapi

// Address returns where the database is, in the words of its DSN and without
// its secrets: "tcp(127.0.0.1:3306)", "unix(/run/mysqld/mysqld.sock)" or
// "embedded".
func (db *Database) Address() string {
	if db.trial != nil {
		return "embedded"
	}
	network, address := db.dialer.Address()
	return network + "(" + address + ")"
}
