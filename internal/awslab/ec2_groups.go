package awslab

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// securityGroup judges the connections of the network interfaces in it. It is
// stateful: what answers an allowed connection is allowed.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html.
type securityGroup struct {
	resource

	vpc               *vpc
	name, description string
	rules             []*groupRule
}

// groupRule allows connections in one direction whose other end is in one of a
// range of addresses, a prefix list and a security group.
type groupRule struct {
	resource

	of                      *securityGroup
	egress                  bool
	protocol                string // tcp, udp, icmp, icmpv6, a number or -1, which is all
	from, to                int    // -1 if the protocol has no ports
	cidr                    netip.Prefix
	ipv6, prefixList, group string
	description             string
}

// newGroup makes a security group that allows every connection out.
func (n *network) newGroup(r resource, v *vpc, name, description string) *securityGroup {
	g := &securityGroup{resource: r, vpc: v, name: name, description: description}
	g.rules = []*groupRule{{resource: resource{n.newID("sgr"), map[string]string{}}, of: g, egress: true, protocol: "-1", from: -1, to: -1, cidr: anywhere}}
	n.groups.byID[g.id] = g
	return g
}

func (n *network) createSecurityGroup(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	name := c.form.Get("GroupName")
	switch {
	case name == "" || c.form.Get("GroupDescription") == "":
		return nil, errorf("MissingParameter", "The request must contain the parameters GroupName and GroupDescription")
	case strings.HasPrefix(name, "sg-"):
		return nil, errorf("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name)
	case slices.ContainsFunc(n.groups.all(), func(g *securityGroup) bool { return g.vpc == v && g.name == name }):
		return nil, errorf("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.id)
	}
	g := n.newGroup(n.newResource(c, "sg"), v, name, c.form.Get("GroupDescription"))
	return append(slices.Clone(returnTrue), text("groupId", g.id), text("securityGroupArn", n.arn("security-group/"+g.id)), g.tagSet()), nil
}

func (n *network) deleteSecurityGroup(c *call) ([]xmlElement, error) {
	g, err := n.groups.find(c.form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	refers := func(other *securityGroup) bool {
		return other != g && slices.ContainsFunc(other.rules, func(r *groupRule) bool { return r.group == g.id })
	}
	if g == g.vpc.defaultGroup {
		return nil, errorf("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.id)
	}
	if slices.ContainsFunc(n.groups.all(), refers) || slices.ContainsFunc(n.endpoints.all(), func(e *vpcEndpoint) bool { return slices.Contains(e.groups, g) }) {
		return nil, errorf("DependencyViolation", "resource %s has a dependent object", g.id)
	}
	delete(n.groups.byID, g.id)
	return append(slices.Clone(returnTrue), text("groupId", g.id)), nil
}

// findAll finds several objects.
func findAll[T described](objects collection[T], ids []string) ([]T, error) {
	var found []T
	for _, id := range ids {
		object, err := objects.find(id)
		if err != nil {
			return nil, err
		}
		found = append(found, object)
	}
	return found, nil
}

// permissions reads the rules that a request describes: IpPermissions, or the
// older form with one rule.
func (n *network) permissions(c *call, g *securityGroup, egress bool) ([]*groupRule, error) {
	var rules []*groupRule
	for i := 1; c.form.Has(fmt.Sprintf("IpPermissions.%d.IpProtocol", i)); i++ {
		prefix := fmt.Sprintf("IpPermissions.%d.", i)
		base, err := c.readRule(prefix)
		if err != nil {
			return nil, err
		}
		base.of, base.egress = g, egress
		before := len(rules)
		for _, peer := range []struct {
			list, member string
			give         func(*groupRule, string) error
		}{
			{"IpRanges", "CidrIp", (*groupRule).giveCIDR},
			{"Ipv6Ranges", "CidrIpv6", func(r *groupRule, v string) error { r.ipv6 = v; return nil }},
			{"PrefixListIds", "PrefixListId", func(r *groupRule, v string) error { r.prefixList = v; return nil }},
			{"Groups", "GroupId", func(r *groupRule, v string) error {
				r.group = v
				_, err := n.groups.find(v)
				return err
			}},
		} {
			for j := 1; c.form.Has(fmt.Sprintf("%s%s.%d.%s", prefix, peer.list, j, peer.member)); j++ {
				rule := base
				rule.description = c.form.Get(fmt.Sprintf("%s%s.%d.Description", prefix, peer.list, j))
				if err := peer.give(&rule, c.form.Get(fmt.Sprintf("%s%s.%d.%s", prefix, peer.list, j, peer.member))); err != nil {
					return nil, err
				}
				rules = append(rules, &rule)
			}
		}
		if len(rules) == before {
			return nil, errorf("MissingParameter", "The request must contain a source or destination for each of the rules.")
		}
	}
	if c.form.Has("CidrIp") {
		rule, err := c.readRule("")
		if err != nil {
			return nil, err
		}
		rule.of, rule.egress = g, egress
		if err := rule.giveCIDR(c.form.Get("CidrIp")); err != nil {
			return nil, err
		}
		rules = append(rules, &rule)
	}
	return rules, nil
}

func (r *groupRule) giveCIDR(given string) error {
	prefix, err := netip.ParsePrefix(given)
	if err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() {
		return errorf("InvalidParameterValue", "CIDR block %s is malformed", given)
	}
	r.cidr = prefix
	return nil
}

// readRule reads protocol and ports.
func (c *call) readRule(prefix string) (r groupRule, err error) {
	r.protocol = strings.ToLower(c.form.Get(prefix + "IpProtocol"))
	if name, ok := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}[r.protocol]; ok {
		r.protocol = name
	}
	if r.from, err = c.number(prefix+"FromPort", -1); err != nil {
		return r, err
	}
	if r.to, err = c.number(prefix+"ToPort", -1); err != nil {
		return r, err
	}
	switch r.protocol {
	case "tcp", "udp":
		if r.from < 0 || r.to < r.from || r.to > 65535 {
			return r, errorf("InvalidParameterValue", "Invalid TCP/UDP port range (%d:%d)", r.from, r.to)
		}
	case "-1":
		r.from, r.to = -1, -1
	}
	return r, nil
}

// same tells whether two rules allow the same.
func (r *groupRule) same(other *groupRule) bool {
	return r.egress == other.egress && r.protocol == other.protocol && r.from == other.from && r.to == other.to &&
		r.cidr == other.cidr && r.ipv6 == other.ipv6 && r.prefixList == other.prefixList && r.group == other.group
}

func (n *network) authorizeIngress(c *call) ([]xmlElement, error) { return n.authorize(c, false) }
func (n *network) authorizeEgress(c *call) ([]xmlElement, error)  { return n.authorize(c, true) }

func (n *network) authorize(c *call, egress bool) ([]xmlElement, error) {
	g, err := n.groups.find(c.form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	rules, err := n.permissions(c, g, egress)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		return nil, errorf("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	}
	for _, r := range rules {
		if slices.ContainsFunc(g.rules, r.same) {
			return nil, errorf("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, ALLOW\" already exists", r.peer(), strings.ToUpper(r.protocol))
		}
	}
	var items [][]xmlElement
	for _, r := range rules {
		r.resource = n.newResource(c, "sgr")
		g.rules = append(g.rules, r)
		items = append(items, r.elements())
	}
	return append(slices.Clone(returnTrue), set("securityGroupRuleSet", items...)), nil
}

func (n *network) revokeIngress(c *call) ([]xmlElement, error) { return n.revoke(c, false) }
func (n *network) revokeEgress(c *call) ([]xmlElement, error)  { return n.revoke(c, true) }

func (n *network) revoke(c *call, egress bool) ([]xmlElement, error) {
	g, err := n.groups.find(c.form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	given, err := n.permissions(c, g, egress)
	if err != nil {
		return nil, err
	}
	ids := c.list("SecurityGroupRuleId")
	for _, id := range ids {
		if !slices.ContainsFunc(g.rules, func(r *groupRule) bool { return r.id == id && r.egress == egress }) {
			return nil, unknownRule(id)
		}
	}
	for _, r := range given {
		if !slices.ContainsFunc(g.rules, r.same) {
			return nil, errorf("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
	}
	g.rules = slices.DeleteFunc(g.rules, func(r *groupRule) bool { return slices.Contains(ids, r.id) || slices.ContainsFunc(given, r.same) })
	return returnTrue, nil
}

func unknownRule(id string) *apiError {
	return errorf("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
}

// describeSecurityGroupRules shows the rules of the groups that a filter names,
// or of all.
func (n *network) describeSecurityGroupRules(c *call) ([]xmlElement, error) {
	var rules []*groupRule
	ids := c.list("SecurityGroupRuleId")
	for _, g := range n.groups.all() {
		for _, r := range g.rules {
			if len(ids) == 0 || slices.Contains(ids, r.id) {
				rules = append(rules, r)
			}
		}
	}
	if len(rules) < len(ids) {
		return nil, unknownRule(ids[0])
	}
	return answerDescribe(c, "securityGroupRuleSet", rules)
}

// peer is the other end of a rule.
func (r *groupRule) peer() string {
	if r.cidr.IsValid() {
		return r.cidr.String()
	}
	return r.ipv6 + r.prefixList + r.group
}

func (r *groupRule) filters() map[string][]string {
	return map[string][]string{"security-group-rule-id": {r.id}, "group-id": {r.of.id}}
}

func (r *groupRule) elements() []xmlElement {
	n := r.of.vpc.network
	cidr := ""
	if r.cidr.IsValid() {
		cidr = r.cidr.String()
	}
	elements := fields("securityGroupRuleId", r.id, "securityGroupRuleArn", n.arn("security-group-rule/"+r.id), "groupId", r.of.id, "groupOwnerId", n.lab.options.AccountID,
		"isEgress", strconv.FormatBool(r.egress), "ipProtocol", r.protocol, "fromPort", strconv.Itoa(r.from), "toPort", strconv.Itoa(r.to),
		"cidrIpv4", cidr, "cidrIpv6", r.ipv6, "prefixListId", r.prefixList, "description", r.description)
	if r.group != "" {
		elements = append(elements, xmlElement{Name: "referencedGroupInfo", Children: fields("groupId", r.group, "userId", n.lab.options.AccountID)})
	}
	return append(elements, r.tagSet())
}

func (g *securityGroup) filters() map[string][]string {
	f := map[string][]string{"group-id": {g.id}, "group-name": {g.name}, "vpc-id": {g.vpc.id}, "owner-id": {g.vpc.network.lab.options.AccountID}, "description": {g.description}}
	for _, name := range []string{"ip-permission.cidr", "ip-permission.group-id", "egress.ip-permission.cidr", "egress.ip-permission.group-id"} {
		f[name] = nil
	}
	for _, r := range g.rules {
		prefix := ""
		if r.egress {
			prefix = "egress."
		}
		if r.cidr.IsValid() {
			f[prefix+"ip-permission.cidr"] = append(f[prefix+"ip-permission.cidr"], r.cidr.String())
		}
		if r.group != "" {
			f[prefix+"ip-permission.group-id"] = append(f[prefix+"ip-permission.group-id"], r.group)
		}
	}
	return f
}

func (g *securityGroup) elements() []xmlElement {
	n := g.vpc.network
	return append(
		fields("groupId", g.id, "groupName", g.name, "groupDescription", g.description, "vpcId", g.vpc.id, "ownerId", n.lab.options.AccountID,
			"securityGroupArn", n.arn("security-group/"+g.id)),
		g.permissionSet("ipPermissions", false), g.permissionSet("ipPermissionsEgress", true), g.tagSet(),
	)
}

// permissionSet shows the rules of one direction, those of the same protocol
// and ports as one permission.
func (g *securityGroup) permissionSet(name string, egress bool) xmlElement {
	type ports struct {
		protocol string
		from, to int
	}
	var order []ports
	peers := map[ports]map[string][][]xmlElement{}
	for _, r := range g.rules {
		if r.egress != egress {
			continue
		}
		key := ports{r.protocol, r.from, r.to}
		if peers[key] == nil {
			order = append(order, key)
			peers[key] = map[string][][]xmlElement{}
		}
		list, peer := "ipRanges", fields("cidrIp", r.peer())
		switch {
		case r.group != "":
			list, peer = "groups", fields("groupId", r.group, "userId", g.vpc.network.lab.options.AccountID)
		case r.ipv6 != "":
			list, peer = "ipv6Ranges", fields("cidrIpv6", r.ipv6)
		case r.prefixList != "":
			list, peer = "prefixListIds", fields("prefixListId", r.prefixList)
		}
		peers[key][list] = append(peers[key][list], append(peer, fields("description", r.description)...))
	}
	var items [][]xmlElement
	for _, key := range order {
		item := fields("ipProtocol", key.protocol)
		if key.protocol != "-1" {
			item = append(item, fields("fromPort", strconv.Itoa(key.from), "toPort", strconv.Itoa(key.to))...)
		}
		for _, list := range []string{"groups", "ipRanges", "ipv6Ranges", "prefixListIds"} {
			item = append(item, set(list, peers[key][list]...))
		}
		items = append(items, item)
	}
	return set(name, items...)
}

// groupsAllow tells whether one of the groups allows connections of TCP in a
// direction with another end, which is an address and, if it is a network
// interface of the VPC, the groups of that.
func groupsAllow(groups []*securityGroup, egress bool, other netip.Addr, in []*securityGroup, port int) bool {
	return slices.ContainsFunc(groups, func(g *securityGroup) bool {
		return slices.ContainsFunc(g.rules, func(r *groupRule) bool {
			return r.egress == egress && (r.protocol == "-1" || r.protocol == "tcp" && r.from <= port && port <= r.to) &&
				(r.cidr.IsValid() && r.cidr.Contains(other) ||
					slices.ContainsFunc(in, func(peer *securityGroup) bool { return peer.id == r.group }))
		})
	})
}
