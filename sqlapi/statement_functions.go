package sqlapi

// isPlainFunction reports whether word, in upper case and with a parenthesis
// behind it, is no stored function and leaves the session alone.
//
// A function that only one of MySQL and MariaDB has built in is missing on
// purpose: on the other one people write their own under that name. So are
// those that change the session or read what an earlier statement left there,
// such as GET_LOCK, LAST_INSERT_ID, FOUND_ROWS and ROW_COUNT. A name that is
// missing costs a reset of the connection; one too many would leak a session.
func isPlainFunction(word string) bool {
	switch word {
	case "ABS", "ACOS", "ADDDATE", "ADDTIME", "AES_DECRYPT", "AES_ENCRYPT", "ASCII", "ASIN", "ATAN", "ATAN2",
		"AVG", "BENCHMARK", "BIN", "BIT_AND", "BIT_COUNT", "BIT_LENGTH", "BIT_OR", "BIT_XOR", "CAST", "CEIL",
		"CEILING", "CHARACTER_LENGTH", "CHARSET", "CHAR_LENGTH", "COALESCE", "COERCIBILITY", "COLLATION",
		"COMPRESS", "CONCAT", "CONCAT_WS", "CONNECTION_ID", "CONV", "CONVERT", "CONVERT_TZ", "COS", "COT",
		"COUNT", "CRC32", "CUME_DIST", "CURDATE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP",
		"CURRENT_USER", "CURTIME", "DATABASE", "DATEDIFF", "DATE_ADD", "DATE_FORMAT", "DATE_SUB", "DAY",
		"DAYNAME", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "DEFAULT", "DEGREES", "DENSE_RANK", "ELT", "EXP",
		"EXPORT_SET", "EXTRACT", "EXTRACTVALUE", "FIELD", "FIND_IN_SET", "FIRST_VALUE", "FLOOR", "FORMAT",
		"FROM_BASE64", "FROM_DAYS", "FROM_UNIXTIME", "GET_FORMAT", "GREATEST", "GROUP_CONCAT", "HEX", "HOUR",
		"IF", "IFNULL", "INET6_ATON", "INET6_NTOA", "INET_ATON", "INET_NTOA", "INSERT", "INSTR", "INTERVAL",
		"ISNULL", "IS_FREE_LOCK", "IS_IPV4", "IS_IPV4_COMPAT", "IS_IPV4_MAPPED", "IS_IPV6", "IS_USED_LOCK",
		"JSON_ARRAY", "JSON_ARRAYAGG", "JSON_ARRAY_APPEND", "JSON_ARRAY_INSERT", "JSON_CONTAINS",
		"JSON_CONTAINS_PATH", "JSON_DEPTH", "JSON_EXTRACT", "JSON_INSERT", "JSON_KEYS", "JSON_LENGTH",
		"JSON_MERGE_PATCH", "JSON_MERGE_PRESERVE", "JSON_OBJECT", "JSON_OBJECTAGG", "JSON_QUOTE",
		"JSON_REMOVE", "JSON_REPLACE", "JSON_SEARCH", "JSON_SET", "JSON_TYPE", "JSON_UNQUOTE", "JSON_VALID",
		"JSON_VALUE", "LAG", "LAST_DAY", "LAST_VALUE", "LCASE",
		"LEAD", "LEAST", "LEFT", "LENGTH", "LN", "LOAD_FILE", "LOCALTIME", "LOCALTIMESTAMP", "LOCATE", "LOG",
		"LOG10", "LOG2", "LOWER", "LPAD", "LTRIM", "MAKEDATE", "MAKETIME", "MAKE_SET", "MATCH", "MAX", "MD5",
		"MICROSECOND", "MID", "MIN", "MINUTE", "MOD", "MONTH", "MONTHNAME", "NOW", "NTH_VALUE", "NTILE",
		"NULLIF", "OCT", "OCTET_LENGTH", "ORD", "PERCENT_RANK", "PERIOD_ADD", "PERIOD_DIFF", "PI", "POSITION",
		"POW", "POWER", "QUARTER", "QUOTE", "RADIANS", "RAND", "RANK", "REGEXP_INSTR",
		"REGEXP_REPLACE", "REGEXP_SUBSTR", "REPEAT", "REPLACE", "REVERSE", "RIGHT", "ROUND", "ROW_NUMBER",
		"RPAD", "RTRIM", "SCHEMA", "SECOND", "SEC_TO_TIME", "SESSION_USER", "SHA", "SHA1", "SHA2", "SIGN", "SIN",
		"SLEEP", "SOUNDEX", "SPACE", "SQRT", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "STRCMP",
		"STR_TO_DATE", "SUBDATE", "SUBSTR", "SUBSTRING", "SUBSTRING_INDEX", "SUBTIME", "SUM", "SYSDATE",
		"SYSTEM_USER", "TAN", "TIMEDIFF", "TIMESTAMPADD", "TIMESTAMPDIFF", "TIME_FORMAT", "TIME_TO_SEC",
		"TO_BASE64", "TO_DAYS", "TO_SECONDS", "TRIM", "TRUNCATE", "UCASE", "UNCOMPRESS", "UNCOMPRESSED_LENGTH",
		"UNHEX", "UNIX_TIMESTAMP", "UPDATEXML", "UPPER", "USER", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "UUID",
		"UUID_SHORT", "VALUE", "VALUES", "VARIANCE", "VAR_POP", "VAR_SAMP", "VERSION", "WEEK", "WEEKDAY",
		"WEEKOFYEAR", "WEIGHT_STRING", "YEARWEEK":
		return true
	}
	return precedesParenthesis(word)
}

// precedesParenthesis reports whether word is a type, or a keyword, that may
// stand before a parenthesis. Nobody can call a stored function so.
func precedesParenthesis(word string) bool {
	switch word {
	case "BINARY", "BIT", "CHAR", "CHARACTER", "DATE", "DATETIME", "DEC", "DECIMAL", "DOUBLE", "ENUM", "FLOAT",
		"NCHAR", "NUMERIC", "TIME", "TIMESTAMP", "VARBINARY", "VARCHAR", "YEAR": // types
		return true
	case "ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "DELAYED", "DISTINCT", "DISTINCTROW",
		"DIV", "ELSE", "EXCEPT", "EXISTS", "FROM", "HAVING", "IGNORE", "IN", "INDEX", "INTERSECT",
		"IS", "JOIN", "KEY", "LIKE", "LIMIT", "NOT", "OFFSET", "ON", "OR", "OVER", "PARTITION",
		"REGEXP", "RETURNING", "RLIKE", "ROW", "SELECT", "SET", "SOME", "STRAIGHT_JOIN", "THEN", "UNION",
		"UPDATE", "USING", "WHEN", "WHERE", "WITH", "XOR":
		return true
	}
	return false
}
