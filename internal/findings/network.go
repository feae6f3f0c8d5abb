package findings

// Connection is what a rotation function has to reach.
type Connection struct {
	FunctionARN string
	// Endpoint is the function's variable SECRETS_MANAGER_ENDPOINT; empty if it has none, or that is not known.
	Endpoint string
	// Services are the AWS APIs besides Secrets Manager that the function calls, as their endpoints are named: "rds", "redshift" and so on.
	Services []string
	Database *Database // nil if none is known
}

// Reachable says what of that a function in a VPC cannot reach.
func Reachable(n Network, c Connection) []Finding { return nil }

// ReachableOutside says what of that a function cannot reach that is not connected to a VPC.
func ReachableOutside(c Connection) []Finding { return nil }

// EndpointPolicies says what of the least role policy the policies of the endpoints that the function uses refuse to its role.
func EndpointPolicies(n Network, c Connection, r Role, need Need) []Finding { return nil }
