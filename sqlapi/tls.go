package sqlapi

import "zerohop/sqlapi/wire"

// tlsFaults returns what is wrong with the encryption of a database's
// connections. It reads the files that the settings name.
func (c *Config) tlsFaults(dialer *wire.Dialer) []error {
	t := c.TLS
	if t == nil {
		return nil
	}
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint, Offset: -1})
	}
	if c.Embedded() {
		fault("tls", "the embedded engine is not reached through a network", "leave tls out")
		return faults
	}
	if t.SkipVerify && t.CA != "" {
		fault("tls.skip_verify", "whoever answers is accepted, so ca has no effect", "leave one of the two out")
	}
	if t.Certificate == "" && t.Key != "" {
		fault("tls.key", "a key without its certificate", "add certificate")
	}
	if t.Certificate != "" && t.Key == "" {
		fault("tls.certificate", "a certificate without its key", "add key")
	}
	host := dialer.Host()
	if host == "" && t.ServerName == "" && !t.SkipVerify {
		fault("tls.server_name", "a unix socket has no name that a certificate could be for", "say which name the certificate has")
	}
	if len(faults) > 0 {
		return faults
	}
	if _, err := t.Client(host); err != nil {
		fault("tls", err.Error(), "")
	}
	return faults
}
