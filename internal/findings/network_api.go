package findings

import (
	"fmt"
	"slices"
	"strings"
)

const https = 443

// way is what the name of an AWS API leads to from within a VPC.
type way struct {
	endpoint *Endpoint // nil for public addresses
	// unknown says why it is not known where it leads to; empty if it is.
	unknown string
	// nowhere says why it leads to nothing that the VPC has; empty if it does.
	nowhere string
	// down is an endpoint that the name would lead to if it were available; nil if there is none.
	down *Endpoint
	// idle are endpoints of the API that the name does not lead to, and inert says why.
	idle  []string
	inert string
}

// way returns where the address of an API leads to. An address that is empty, or has no host, is the usual one: with private DNS it leads
// to the endpoint once that is available, even if there is another way. https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html.
func (n Network) way(service, address string) way {
	if n.Endpoints == nil {
		what := "the endpoints of the VPC " + n.VPC.ID
		if n.VPC.Owner != "" {
			what += " of the account " + n.VPC.Owner
		}
		return way{unknown: unread(what, n.Unseen, "ec2:DescribeVpcEndpoints")}
	}
	host, w := hostOf(address), way{}
	usual := host == "" || strings.HasPrefix(host, service+"."+n.Region+".") && !isEndpointName(host) && !strings.HasSuffix(host, ".api.aws")
	for _, e := range n.Endpoints {
		switch {
		case e.Service != service || strings.EqualFold(e.State, "deleted") || strings.EqualFold(e.State, "deleting"):
		case isEndpointName(host) && e.has(host):
			return way{endpoint: &e}
		case isEndpointName(host):
		case usual && e.PrivateDNS && is(n.VPC.DNSSupport) && is(n.VPC.DNSHostnames):
			if down, _ := e.down(); down > unclear && !strings.EqualFold(e.State, "partial") {
				w.down = &e
				break
			}
			return way{endpoint: &e}
		default:
			w.idle = append(w.idle, e.ID)
			switch {
			case !e.PrivateDNS:
				w.inert = "has no private DNS name"
			case !is(n.VPC.DNSSupport):
				w.inert = fmt.Sprintf("has its private DNS name for nothing while `enableDnsSupport` is off in the VPC %s", n.VPC.ID)
			default:
				w.inert = fmt.Sprintf("has its private DNS name for nothing while `enableDnsHostnames` is off in the VPC %s", n.VPC.ID)
			}
		}
	}
	switch {
	case isEndpointName(host):
		w.nowhere = fmt.Sprintf("its variable SECRETS_MANAGER_ENDPOINT names a VPC endpoint that the VPC %s does not have", n.VPC.ID)
	case !usual:
		w = way{unknown: "its variable SECRETS_MANAGER_ENDPOINT is another name than the usual one, and what that leads to within the VPC cannot be seen from here"}
	}
	return w
}

// is reports whether an attribute is on, or may be.
func is(attribute *bool) bool { return attribute == nil || *attribute }

// has reports whether a host is one of the endpoint's own names: those that AWS tells, or one that starts with its ID as all do.
func (e Endpoint) has(host string) bool {
	return slices.ContainsFunc(e.DNSNames, func(name string) bool { return strings.EqualFold(name, host) }) ||
		e.ID != "" && (strings.HasPrefix(host, e.ID+"-") || strings.HasPrefix(host, e.ID+"."))
}

// toAPI returns what is in the way to an AWS API, of which the function has the address, or uses the usual one.
func (n Network) toAPI(service, address string) []obstacle {
	w := n.way(service, address)
	switch {
	case w.endpoint != nil:
		all := n.toEndpoint(*w.endpoint)
		if !isEndpointName(hostOf(address)) && (n.VPC.DNSSupport == nil || n.VPC.DNSHostnames == nil) {
			all = n.withoutDNS(all)
		}
		return n.names(all)
	case w.nowhere != "":
		return n.toOtherEndpoint(w)
	}
	all := n.toPublic(place{peer: publicPeer(), port: https}, NetworkNoPathSecretsManager, fmt.Sprintf(
		"Add an interface endpoint for the service `com.amazonaws.%s.%s` with private DNS to the VPC %s, or connect the function to private subnets whose route table leads 0.0.0.0/0 to a NAT gateway.",
		n.Region, service, n.VPC.ID))
	switch {
	case w.unknown == "":
		return n.names(n.withEndpoints(w, service, address, all))
	case len(all) == 0 && n.Endpoints != nil: // With a way to the internet, any name is well.
		return n.names(nil)
	}
	return []obstacle{{code: NetworkNoPathSecretsManager, pass: unclear, why: w.unknown}}
}

// toOtherEndpoint returns what is in the way to an endpoint that the function's VPC does not have: nothing can be said of it if there is
// another network where it may be.
func (n Network) toOtherEndpoint(w way) []obstacle {
	var all []obstacle
	for _, s := range n.Subnets {
		o := obstacle{
			code: NetworkNoPathSecretsManager, subnet: s.ID, pass: closed, why: w.nowhere,
			remedy: "Set SECRETS_MANAGER_ENDPOINT to a name of an endpoint that the VPC has, or to the public endpoint of the region.",
		}
		if len(s.Routes) == 0 {
			o.pass, o.why = unclear, w.nowhere+", and "+n.unreadRoutes()
		} else if beyond := s.beyond(); beyond != nil {
			o.pass, o.why = unclear, w.nowhere+", and what is beyond "+enumerate(beyond)+" cannot be seen from here"
		}
		all = append(all, o)
	}
	return n.everywhere(all)
}

// withoutDNS makes unsure what is in the way to an endpoint that the usual name may not lead to. Mostly it does, because AWS gives no
// endpoint a private name while one of the attributes is off.
func (n Network) withoutDNS(all []obstacle) []obstacle {
	for i, o := range all {
		all[i].pass = min(o.pass, partly)
	}
	return append(all, obstacle{
		code: NetworkEndpointNoPrivateDNS, pass: unclear,
		why: unread(fmt.Sprintf("`enableDnsSupport` and `enableDnsHostnames` of the VPC %s, without which a private DNS name is for nothing,", n.VPC.ID), n.Unseen, "ec2:DescribeVpcAttribute"),
	})
}

// withEndpoints says beside a way that lacks why no endpoint helps. One that there is makes another code of it, and if the function's
// variable is not known, it may be that the function addresses the endpoint by its own name.
func (n Network) withEndpoints(w way, service, address string, all []obstacle) []obstacle {
	unsure := service == secretsManager && w.idle != nil && hostOf(address) == ""
	for i, o := range all {
		if unsure {
			o.pass = min(o.pass, partly)
		}
		switch {
		case o.code != NetworkNoPathSecretsManager:
		case w.idle == nil && w.down != nil:
			down, remedy := w.down.down()
			o.pass, o.remedy = min(o.pass, down), remedy
			o.why = fmt.Sprintf("the VPC endpoint %s is in the state `%s`, and %s", w.down.ID, w.down.State, o.why)
		case w.idle == nil:
			o.why = fmt.Sprintf("the VPC %s has no endpoint for %s, and %s", n.VPC.ID, apiName(service), o.why)
		default:
			o.code = NetworkEndpointNoPrivateDNS
			o.why = fmt.Sprintf("%s %s, and %s", listed("VPC endpoint", w.idle), w.inert, o.why)
			o.remedy = fmt.Sprintf("Switch private DNS on for the endpoint %s", w.idle[0])
			dns := is(n.VPC.DNSSupport) && is(n.VPC.DNSHostnames)
			if !dns {
				o.remedy = fmt.Sprintf("Switch `enableDnsSupport` and `enableDnsHostnames` on in the VPC %s, and private DNS for the endpoint %s", n.VPC.ID, w.idle[0])
			}
			if service == secretsManager && is(n.VPC.DNSSupport) { // Without it, no name of the endpoint resolves either.
				o.remedy += ", or set the function's variable SECRETS_MANAGER_ENDPOINT to a DNS name of the endpoint itself"
			}
			o.remedy += "."
			switch {
			case unsure:
				o.why += ", so that the function has to address the endpoint by a name of its own"
			case dns && o.pass == closed: // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html.
				o.why += ", so that the usual name of the API leads to the endpoint only by a private hosted zone, which cannot be seen from here"
				o.remedy += " If there is such a hosted zone, all is well: set `preflight = \"warn\"`."
			}
		}
		all[i] = o
	}
	return all
}

// names adds that the names of what is reached may not resolve.
func (n Network) names(all []obstacle) []obstacle {
	if !is(n.VPC.DNSSupport) && !slices.ContainsFunc(all, func(o obstacle) bool { return o.code == NetworkEndpointNoPrivateDNS }) {
		all = append(all, obstacle{
			code: NetworkNoPathSecretsManager, pass: partly,
			why:    fmt.Sprintf("`enableDnsSupport` is off in the VPC %s, so that no name resolves unless its DHCP options name another DNS server", n.VPC.ID),
			remedy: fmt.Sprintf("Switch `enableDnsSupport` on in the VPC %s.", n.VPC.ID),
		})
	}
	return all
}

func (n Network) unreadRoutes() string {
	return unread("the routes", n.Unseen, "ec2:DescribeRouteTables")
}

// toEndpoint returns what is in the way to an endpoint of the function's VPC.
func (n Network) toEndpoint(e Endpoint) []obstacle {
	var all []obstacle
	if down, remedy := e.down(); down > open {
		o := obstacle{code: NetworkNoPathSecretsManager, pass: down, remedy: remedy, why: fmt.Sprintf("the VPC endpoint %s, to which the name of the API leads, is in the state `%s`", e.ID, e.State)}
		if down == unclear {
			o.why = unread("the state of the VPC endpoint "+e.ID, n.Unseen, "ec2:DescribeVpcEndpoints")
		}
		all = append(all, o)
	}
	to := placeOf("the VPC endpoint "+e.ID, e.Subnets, e.SecurityGroups, https)
	all = append(all, n.egress(to)...)
	all = append(all, n.acls(to, NetworkEgressBlocked)...)
	return append(all, n.ingress(to, NetworkEndpointSecurityGroup)...)
}

// down says by its state whether the endpoint takes no connections, and what to do then.
// https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html.
func (e Endpoint) down() (down pass, remedy string) {
	switch strings.ToLower(e.State) {
	case "available":
		return open, ""
	case "":
		return unclear, ""
	case "pending", "pendingacceptance", "partial":
		return partly, "Wait until the endpoint is available, or see what keeps it from that."
	}
	return closed, fmt.Sprintf("Replace the endpoint %s by one that is available.", e.ID)
}

// toPublic returns what is in the way to a public address: a way by NAT, since Lambda gives functions no public IPv4 address. The code and
// the remedy are for a route that lacks. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html.
func (n Network) toPublic(to place, code Code, remedy string) []obstacle {
	var all []obstacle
	ways := 0
	for _, s := range n.Subnets {
		result, reasons := s.leads(to.peer, internet)
		if result < closed {
			ways++
		}
		beyond := s.beyond()
		o := obstacle{code: code, subnet: s.ID, pass: result, remedy: remedy}
		switch {
		case result == open:
			continue
		case len(s.Routes) == 0:
			o.why = n.unreadRoutes()
		case result < closed && reasons[result] != nil:
			o.why = s.routeTable() + " " + enumerate(reasons[result])
		case result == unclear:
			o.why = s.routeTable() + " leads on for a part of the public addresses only"
		default:
			o.why = s.routeTable() + " " + enumerate(reasons[closed])
			if beyond != nil {
				o.pass = unclear // Networks share endpoints, by transit gateways and by peering.
				o.why += ", but leads to other networks by " + enumerate(beyond) + ", and what is there cannot be seen from here"
			}
		}
		all = append(all, o)
	}
	if ways > 0 { // Else what else there may be depends on the way that is made.
		all = append(all, n.egress(to)...)
		all = append(all, n.acls(to, NetworkEgressBlocked)...)
	}
	if !n.IPv6 {
		return all
	}
	for i, o := range all {
		if slices.ContainsFunc(n.Subnets, func(s Subnet) bool { return (o.subnet == "" || o.subnet == s.ID) && s.outByIPv6() }) {
			all[i].pass = unclear
			all[i].why += ", but the function may also use IPv6, which has a route"
		}
	}
	return all
}

func (s Subnet) routeTable() string { return "the route table " + s.RouteTableID }
