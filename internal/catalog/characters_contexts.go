package catalog

// contextRule is why characters do harm in a context.
type contextRule struct {
	context    string
	engines    []string // RotationType.Engine of those that it is for; nil for all
	characters string
	reason     string
}

// contextRules are in the order in which reasons are given. None of them has a letter or digit, and none has . or _, so that a password
// can have some of every class in all contexts together.
var contextRules = []contextRule{
	// RFC 3986, section 3.2.1, lets the user information of a URL have letters, digits, -._~!$&'()*+,;= and the colon. What it lets in and
	// the clients read otherwise is here as well: libpq and others take the password from the query too
	// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
	{"url", nil, "/?#", "ends the host part of a URL"},
	{"url", nil, ":", "separates user name and password in a URL"},
	{"url", nil, "@", "separates the password from the host in a URL"},
	{"url", nil, "%", "begins an encoded character in a URL"},
	{"url", nil, "[]", "encloses an IPv6 address in a URL"},
	{"url", nil, "\"<>\\^`{|} ", "is not allowed in a URL"},
	{"url", nil, "&=", "separates parameters in the query of a URL"},
	{"url", nil, "+", "means a space in the query of a URL"},

	// POSIX.1-2024, Shell Command Language, section 2.2, Quoting: the characters that must be quoted, then those that may have to be. The
	// comma is left out, which is special between braces only.
	{"shell", nil, "|&;", "separates commands in a shell"},
	{"shell", nil, "<>", "redirects input or output in a shell"},
	{"shell", nil, "()", "begins or ends a subshell"},
	{"shell", nil, "$`", "begins an expansion in a shell"},
	{"shell", nil, `\"'`, "quotes in a shell"},
	{"shell", nil, " ", "separates words in a shell"},
	{"shell", nil, "*?[]", "is part of a file name pattern in a shell"},
	{"shell", nil, "^", "negates a bracket expression in a shell, and is a pipe in old ones"},
	{"shell", nil, "-", "begins an option if it is the first character of a word"},
	{"shell", nil, "!", "begins a history expansion in interactive shells"},
	{"shell", nil, "#", "begins a comment in a shell"},
	{"shell", nil, "~", "means a home directory in a shell"},
	{"shell", nil, "=", "makes an assignment of a word in a shell"},
	{"shell", nil, "%", "names a job in a shell"},
	{"shell", nil, "{}", "begins or ends a group or a brace expansion in a shell"},

	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Endpoints.Creating.html has a table of what is unsupported in passwords of
	// endpoints and in their secrets. It also says that commas work with secrets; the table does not, and the table is followed.
	{"dms", nil, "{}", "is not supported in passwords of AWS DMS endpoints"},
	{"dms", []string{"mysql", "mariadb"}, ";", "is not supported by AWS DMS for MySQL, MariaDB and Aurora MySQL"},
	{"dms", []string{"oracle"}, ",", "is not supported by AWS DMS for Oracle"},
	{"dms", []string{"postgres"}, ";+%", "is not supported by AWS DMS for PostgreSQL and Aurora PostgreSQL"},
	{"dms", []string{"redshift"}, ",;", "is not supported by AWS DMS for Redshift"},
	{"dms", []string{"sqlserver"}, ",;", "is not supported by AWS DMS for SQL Server"},

	// https://dev.mysql.com/doc/connector-j/en/connector-j-reference-jdbc-url-format.html and https://jdbc.postgresql.org/documentation/use/
	// have the same list of characters to encode. For the others:
	// https://learn.microsoft.com/sql/connect/jdbc/building-the-connection-url,
	// https://docs.aws.amazon.com/redshift/latest/mgmt/jdbc20-obtain-url.html, and for Db2, whose properties end in a semicolon,
	// https://www.ibm.com/docs/en/db2/11.5?topic=cdsudidsdjs-url-format-data-server-driver-jdbc-sqlj-type-4-connectivity.
	{"jdbc", nil, "/:@()[]&#=? ", "is reserved in JDBC URLs"},
	{"jdbc", nil, "%", "begins an encoded character in JDBC URLs"},
	{"jdbc", nil, "+", "means a space in JDBC URLs of PostgreSQL"},
	{"jdbc", nil, ";", "separates properties in JDBC URLs of SQL Server, Db2 and Redshift"},
	{"jdbc", nil, "{}", "encloses values in JDBC URLs of SQL Server"},
	{"jdbc", nil, `"'`, "quotes in JDBC URLs of SQL Server"},
	{"jdbc", []string{"redshift"}, "-", "must be encoded in JDBC URLs of Redshift"},

	// https://learn.microsoft.com/sql/odbc/reference/develop-app/driver-specific-connection-information has the list of characters that
	// keywords and values should not contain. psqlODBC decodes a value without braces like a form field.
	{"odbc", nil, "[]{}(),;?*=!@", "is special in ODBC connection strings"},
	{"odbc", []string{"postgres"}, "%+", "is decoded by the ODBC driver of PostgreSQL"},

	// https://www.postgresql.org/docs/current/libpq-pgpass.html.
	{"pgpass", nil, ":", "separates fields in .pgpass"},
	{"pgpass", nil, `\`, "escapes the next character in .pgpass"},

	// https://dev.mysql.com/doc/refman/8.4/en/option-files.html.
	{"my_cnf", nil, "#", "begins a comment in my.cnf"},
	{"my_cnf", nil, `"'`, "encloses values in my.cnf"},
	{"my_cnf", nil, `\`, "begins an escape sequence in my.cnf"},
	{"my_cnf", nil, " ", "is cut off at the ends of values in my.cnf"},
}
