package findings

import (
	"fmt"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// EndpointPolicies says what of the least role policy the policies of the endpoints that the function uses refuse to its role. Both have
// to allow a request: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html. If the function has a proxy, or may
// have one, there is nothing to say of them.
func EndpointPolicies(n Network, c Connection, r Role, need Need) []Finding {
	j, err := newJudge(r, need)
	if err != nil || c.Proxy || c.Unread {
		return nil
	}
	var all []Finding
	for _, service := range append([]string{secretsManager}, c.Services...) {
		address := ""
		if service == secretsManager {
			address = c.Endpoint
		}
		e := n.way(service, address).endpoint
		if e == nil || e.Policy == nil {
			continue
		}
		var lacks []lack
		var open []call
		of := map[Code][]lack{}
		for _, made := range need.calls() {
			if made.service() != service {
				continue
			}
			switch because, certain := j.endpointRefuses(made, n, *e); {
			case !certain:
				open = append(open, made)
			case because.why != "":
				code := need.codeOf(made)
				of[code] = append(of[code], lack{made, because})
			}
		}
		for _, code := range Codes() {
			lacks = append(lacks, need.weighed(code, of[code])...)
		}
		switch {
		case len(lacks) > 0:
			all = append(all, need.lacking(NetworkEndpointPolicy, r, lacks))
		case len(open) > 0:
			all = append(all, New(NetworkEndpointPolicy, Info,
				fmt.Sprintf("Whether the policy of the VPC endpoint %s lets the execution role %s through for %s cannot be determined: that depends on condition keys or resources that cannot be seen from here.", e.ID, r.ARN, need.listed(open, ", and ")),
				"If rotation is refused access, look at the conditions and resources in the policy of the endpoint."))
		}
	}
	return all
}

// endpointRefuses says whether the policy of an endpoint certainly refuses a call, which the role's own policies are taken to allow, and
// why.
func (j *judge) endpointRefuses(c call, n Network, e Endpoint) (because reason, certain bool) {
	q := question{iampolicy.Request{Principal: j.who, Action: c.action, Resource: c.resource, Context: j.context(c)}, j.need.known(c)}
	q.Context["aws:sourcevpce"], q.Context["aws:sourcevpc"] = []string{e.ID}, []string{n.VPC.ID}
	identity := []iampolicy.Document{{Version: iampolicy.Version, Statements: []iampolicy.Statement{{Effect: iampolicy.EffectAllow, Actions: []string{"*"}, Resources: []string{"*"}}}}}
	judged := func(d iampolicy.Document) iampolicy.Policies {
		return iampolicy.Policies{Identity: identity, Resource: &d, ResourceMustAllow: true}
	}
	document := e.Policy.read()
	if e.Policy.Unreadable {
		for i := range document.Statements {
			document.Statements[i].Principals = map[string][]string{"*": {"*"}}
		}
	}
	if decision, _ := iampolicy.Determine(q.Request, judged(document), q.known); decision == iampolicy.Allow {
		return reason{}, true
	}
	if c.vague() {
		document = loosened([]iampolicy.Document{document})[0]
	}
	switch {
	case !q.refuses(judged(document)):
		return reason{}, false
	case q.denies(judged(document)):
		return reason{
			why:    fmt.Sprintf("the policy of the VPC endpoint %s denies that", e.ID),
			remedy: fmt.Sprintf("Except the role from the Deny in the policy of the endpoint %s.", e.ID),
		}, true
	}
	return reason{
		why:    fmt.Sprintf("the policy of the VPC endpoint %s does not allow that", e.ID),
		remedy: fmt.Sprintf("Allow it to the role in the policy of the endpoint %s, or remove that policy: the role's own policies decide all the same.", e.ID),
	}, true
}
