package findings

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Connection is what a rotation function has to reach.
type Connection struct {
	FunctionARN string
	// Endpoint is the function's variable SECRETS_MANAGER_ENDPOINT; empty if it has none, or that is not known.
	Endpoint string
	// Proxy says that its variable HTTPS_PROXY leads what it asks of AWS APIs through a proxy. Databases are not reached by that.
	Proxy bool
	// Unread says that its environment could not be read: Endpoint and Proxy are not known.
	Unread bool
	// Services are the AWS APIs besides Secrets Manager that the function calls, as their endpoints are named: "rds", "redshift" and so on.
	Services []string
	Database *Database // nil if none is known
}

const secretsManager = "secretsmanager"

// Reachable says what of that a function in a VPC cannot reach, one finding for each code and thing to reach. It follows
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-function-network-access.html. Nothing of it is tried: what other
// networks do cannot be seen, and where that decides, a finding says so.
func Reachable(n Network, c Connection) []Finding {
	if len(n.Subnets) == 0 {
		return []Finding{New(NetworkNoPathSecretsManager, Info,
			fmt.Sprintf("What the rotation function %s reaches from its VPC cannot be determined: %s.", c.FunctionARN, unread("its subnets", n.Unseen, "ec2:DescribeSubnets")),
			lookThere)}
	}
	all := n.found(c, apiName(secretsManager), c.unsure(NetworkNoPathSecretsManager, n.toAPI(secretsManager, c.Endpoint)))
	for _, service := range c.Services {
		if service == secretsManager {
			continue
		}
		code := NetworkNoPathService
		if service == "rds" {
			code = NetworkNoPathRDS
		}
		obstacles := n.toAPI(service, "")
		for i := range obstacles {
			obstacles[i].code = code
		}
		all = append(all, n.found(c, apiName(service), c.unsure(code, obstacles))...)
	}
	if c.Database != nil && !c.Database.inFunction() {
		what := c.Database.label()
		if c.Database.VPCID != "" && c.Database.VPCID != n.VPC.ID {
			what += " in the VPC " + c.Database.VPCID
		}
		all = append(all, n.found(c, what, n.toDatabase(*c.Database))...)
	}
	return all
}

// unsure has what is in the way to an AWS API as far as the function's environment lets that be known.
func (c Connection) unsure(code Code, all []obstacle) []obstacle {
	switch {
	case c.Proxy:
		return []obstacle{{code: code, pass: unclear, why: "its variable HTTPS_PROXY leads there through a proxy, and what that reaches cannot be seen from here"}}
	case !c.Unread:
		return all
	}
	var codes []Code
	for i, o := range all {
		all[i].pass = unclear
		if !slices.Contains(codes, o.code) {
			codes = append(codes, o.code)
		}
	}
	for _, of := range codes {
		all = append(all, obstacle{code: of, pass: unclear, why: "its environment, which may name a proxy or another endpoint, could not be read"})
	}
	return all
}

// lookThere is the remedy for what may not need any.
const lookThere = "If a rotation runs out of time, look there."

// ReachableOutside says what of that a function cannot reach that is not connected to a VPC. It reaches what is public.
func ReachableOutside(c Connection) []Finding {
	outside := Network{Subnets: []Subnet{{}}}
	var all []Finding
	if host := hostOf(c.Endpoint); isEndpointName(host) && !c.Proxy {
		all = outside.found(c, apiName(secretsManager), []obstacle{{
			code: NetworkNoPathSecretsManager, pass: closed,
			why:    "its variable SECRETS_MANAGER_ENDPOINT names a VPC endpoint, and it is not connected to a VPC",
			remedy: "Set SECRETS_MANAGER_ENDPOINT to the public endpoint of the region, or connect the function to the VPC of the endpoint.",
		}})
	}
	if c.Database != nil && !c.Database.inFunction() {
		all = append(all, outside.found(c, c.Database.label(), c.Database.fromInternet())...)
	}
	return all
}

// obstacle is something on the way to what a function has to reach.
type obstacle struct {
	code   Code
	subnet string // of the function; empty for all of them
	pass   pass   // never open
	why    string // a sentence without its end
	remedy string // unless it is unclear
}

// found makes findings of what is in the way to something: one for each code, of all its obstacles. It is an error if the function
// certainly cannot reach it from any of its subnets.
func (n Network) found(c Connection, what string, obstacles []obstacle) []Finding {
	blocked := !slices.ContainsFunc(n.Subnets, func(s Subnet) bool {
		return !slices.ContainsFunc(obstacles, func(o obstacle) bool { return o.pass == closed && (o.subnet == "" || o.subnet == s.ID) })
	})
	var codes []Code
	worst := map[Code]pass{}
	for _, o := range obstacles {
		if worst[o.code] == open {
			codes = append(codes, o.code)
		}
		worst[o.code] = max(worst[o.code], o.pass)
	}
	var all []Finding
	for _, code := range codes {
		severity, claim := Info, "Whether the rotation function %s can reach %s cannot be determined: %s."
		switch {
		case worst[code] == closed && blocked:
			severity, claim = Error, "The rotation function %s cannot reach %s: %s."
		case worst[code] == closed:
			severity, claim = Warning, "The rotation function %s cannot reach %s in some invocations: %s."
		case worst[code] == partly:
			severity, claim = Warning, "The rotation function %s may not reach %s: %s."
		}
		var whys, remedies, clauses []string
		subnets := map[string][]string{}
		for _, o := range obstacles {
			if o.code != code || o.pass < min(worst[code], partly) {
				continue
			}
			whys, remedies = append(whys, o.why), append(remedies, o.remedy)
			if o.subnet != "" {
				subnets[o.why] = append(subnets[o.why], o.subnet)
			}
		}
		for _, why := range unique(whys) {
			if in := subnets[why]; in != nil {
				why = "from " + listed("subnet", unique(in)) + ", " + why
			}
			clauses = append(clauses, why)
		}
		if severity == Info {
			remedies = []string{lookThere}
		}
		all = append(all, New(code, severity, fmt.Sprintf(claim, c.FunctionARN, what, strings.Join(clauses, "; ")), strings.Join(unique(remedies), " ")))
	}
	return all
}

// everywhere has obstacles that are the same from all subnets of the function once, for all.
func (n Network) everywhere(all []obstacle) []obstacle {
	if len(all) == 0 || len(all) < len(n.Subnets) {
		return all
	}
	same := all[0]
	for _, o := range all {
		if o.pass != same.pass || o.why != same.why {
			return all
		}
	}
	same.subnet = ""
	return []obstacle{same}
}

// listed writes IDs of things: "the subnet a", "the subnets a and b".
func listed(thing string, ids []string) string {
	switch len(ids) {
	case 0:
		return "the " + thing + "s"
	case 1:
		return "the " + thing + " " + ids[0]
	}
	return "the " + thing + "s " + enumerate(ids)
}

// unread says that something could not be read, and for lack of which actions.
func unread(what string, unseen []string, prefixes ...string) string {
	var lacking []string
	for _, action := range unseen {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(action, p) }) {
			lacking = append(lacking, "`"+action+"`")
		}
	}
	if len(lacking) == 0 {
		return what + " could not be read"
	}
	return what + " could not be read, because these credentials lack " + enumerate(unique(lacking))
}

// apiName is what an AWS API is called, by the name of its endpoints.
func apiName(service string) string {
	switch service {
	case secretsManager:
		return "Secrets Manager"
	case "rds":
		return "the RDS API"
	case "redshift":
		return "the API of Redshift"
	case "redshift-serverless":
		return "the API of Redshift Serverless"
	case "elasticache":
		return "the API of ElastiCache"
	case "ds":
		return "the API of Directory Service"
	case "timestream-influxdb":
		return "the API of Timestream for InfluxDB"
	}
	return "the API `" + service + "`"
}

// hostOf returns the host of an address in lower case, empty if there is none.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return strings.ToLower(u.Hostname())
	}
	return ""
}

// isEndpointName reports whether a host is one of the names that a VPC endpoint has by itself. They are private addresses everywhere.
func isEndpointName(host string) bool { return strings.Contains(host, ".vpce.") }
