package awslab

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
)

type portRange struct{ from, to int }

func (p portRange) contains(port int) bool { return p.from <= port && port <= p.to }

// networkACL judges each packet that enters or leaves a subnet, by the first
// of its numbered entries that fits:
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html.
type networkACL struct {
	resource

	vpc     *vpc
	entries []aclEntry
}

type aclEntry struct {
	number   int
	egress   bool
	protocol int // of IANA; -1 is all
	allow    bool
	cidr     netip.Prefix
	ipv6     string
	ports    portRange // 0 to 0 if the entry has none
	icmp     *[2]string
}

const tcp = 6

var anywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// lastEntry is the entry * of every ACL, which refuses the rest.
const lastEntry = 32767

// allows judges packets of TCP to a port in one direction, whose other end is an
// address.
func (a *networkACL) allows(egress bool, other netip.Addr, port int) bool {
	var first *aclEntry
	for i, e := range a.entries {
		if e.egress == egress && (e.protocol == -1 || e.protocol == tcp && e.ports.contains(port)) && e.ipv6 == "" && e.cidr.Contains(other) &&
			(first == nil || e.number < first.number) {
			first = &a.entries[i]
		}
	}
	return first != nil && first.allow
}

func (n *network) newACL(r resource, v *vpc) *networkACL {
	a := &networkACL{resource: r, vpc: v}
	n.acls.byID[a.id] = a
	return a
}

// createNetworkACL makes an ACL that refuses everything.
func (n *network) createNetworkACL(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	a := n.newACL(n.newResource(c, "acl"), v)
	return []xmlElement{{Name: "networkAcl", Children: a.elements()}}, nil
}

func (n *network) deleteNetworkACL(c *call) ([]xmlElement, error) {
	a, err := n.acls.find(c.form.Get("NetworkAclId"))
	if err != nil {
		return nil, err
	}
	if a == a.vpc.defaultACL || len(a.subnets()) > 0 {
		return nil, inUse("networkAcl", a.id)
	}
	delete(n.acls.byID, a.id)
	return returnTrue, nil
}

func (a *networkACL) subnets() []*subnet {
	return a.vpc.network.subnets.where(func(s *subnet) bool { return s.acl == a })
}

// entryAsked reads which entry of an ACL a request is about, with its place,
// which is negative if there is no such entry.
func (n *network) entryAsked(c *call) (a *networkACL, e aclEntry, at int, err error) {
	if a, err = n.acls.find(c.form.Get("NetworkAclId")); err != nil {
		return nil, e, 0, err
	}
	e.egress = c.form.Get("Egress") == "true"
	if e.number, err = c.number("RuleNumber", 0); err != nil || e.number < 1 || e.number >= lastEntry {
		return nil, e, 0, errorf("InvalidParameterValue", "Value (%s) for parameter ruleNumber is invalid. Must be between 1 and 32766.", c.form.Get("RuleNumber"))
	}
	return a, e, slices.IndexFunc(a.entries, func(other aclEntry) bool { return other.number == e.number && other.egress == e.egress }), nil
}

// readEntry reads what an entry says.
func (c *call) readEntry(e *aclEntry) (err error) {
	switch protocol := c.form.Get("Protocol"); protocol {
	case "tcp":
		e.protocol = tcp
	case "udp":
		e.protocol = 17
	case "icmp":
		e.protocol = 1
	case "all":
		e.protocol = -1
	default:
		if e.protocol, err = strconv.Atoi(protocol); err != nil {
			return errorf("InvalidParameterValue", "Value (%s) for parameter protocol is invalid. Unknown protocol.", protocol)
		}
	}
	switch c.form.Get("RuleAction") {
	case "allow":
		e.allow = true
	case "deny":
	default:
		return errorf("InvalidParameterValue", "Value (%s) for parameter ruleAction is invalid.", c.form.Get("RuleAction"))
	}
	if e.ipv6 = c.form.Get("Ipv6CidrBlock"); e.ipv6 == "" {
		if e.cidr, err = c.cidr("CidrBlock"); err != nil {
			return err
		}
	}
	if e.ports.from, err = c.number("PortRange.From", 0); err != nil {
		return err
	}
	if e.ports.to, err = c.number("PortRange.To", 0); err != nil {
		return err
	}
	if c.form.Has("Icmp.Type") {
		e.icmp = &[2]string{c.form.Get("Icmp.Type"), c.form.Get("Icmp.Code")}
	}
	if (e.protocol == tcp || e.protocol == 17) && !c.form.Has("PortRange.From") {
		return errorf("MissingParameter", "The request must contain the parameter PortRange.From")
	}
	return nil
}

func (n *network) createNetworkACLEntry(c *call) ([]xmlElement, error) {
	a, e, at, err := n.entryAsked(c)
	if err != nil {
		return nil, err
	}
	if at >= 0 {
		return nil, errorf("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.number)
	}
	if err := c.readEntry(&e); err != nil {
		return nil, err
	}
	a.entries = append(a.entries, e)
	return returnTrue, nil
}

func (n *network) replaceNetworkACLEntry(c *call) ([]xmlElement, error) {
	a, e, at, err := n.entryAsked(c)
	switch {
	case err != nil:
		return nil, err
	case at < 0:
		return nil, errorf("InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist.", e.number)
	}
	if err := c.readEntry(&e); err != nil {
		return nil, err
	}
	a.entries[at] = e
	return returnTrue, nil
}

func (n *network) deleteNetworkACLEntry(c *call) ([]xmlElement, error) {
	a, e, at, err := n.entryAsked(c)
	switch {
	case err != nil:
		return nil, err
	case at < 0:
		return nil, errorf("InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist.", e.number)
	}
	a.entries = slices.Delete(a.entries, at, at+1)
	return returnTrue, nil
}

func (n *network) replaceNetworkACLAssociation(c *call) ([]xmlElement, error) {
	a, err := n.acls.find(c.form.Get("NetworkAclId"))
	if err != nil {
		return nil, err
	}
	id := c.form.Get("AssociationId")
	for _, s := range n.subnets.all() {
		if s.aclAssociation == id {
			if s.vpc != a.vpc {
				return nil, errorf("InvalidParameterValue", "Network acl %s and subnet %s belong to different networks", a.id, s.id)
			}
			s.acl, s.aclAssociation = a, n.newID("aclassoc")
			return fields("newAssociationId", s.aclAssociation), nil
		}
	}
	return nil, unknownAssociation(id)
}

func (a *networkACL) filters() map[string][]string {
	f := map[string][]string{
		"network-acl-id": {a.id}, "vpc-id": {a.vpc.id}, "default": {strconv.FormatBool(a == a.vpc.defaultACL)}, "owner-id": {a.vpc.network.lab.options.AccountID},
		"association.subnet-id": nil, "association.association-id": nil, "association.network-acl-id": nil,
	}
	for _, s := range a.subnets() {
		f["association.subnet-id"] = append(f["association.subnet-id"], s.id)
		f["association.association-id"] = append(f["association.association-id"], s.aclAssociation)
		f["association.network-acl-id"] = []string{a.id}
	}
	return f
}

func (a *networkACL) elements() []xmlElement {
	var entries, associations [][]xmlElement
	for _, egress := range []bool{true, false} {
		sorted := slices.DeleteFunc(slices.Clone(a.entries), func(e aclEntry) bool { return e.egress != egress })
		slices.SortFunc(sorted, func(x, y aclEntry) int { return cmp.Compare(x.number, y.number) })
		for _, e := range append(sorted, aclEntry{number: lastEntry, egress: egress, protocol: -1, cidr: anywhere}) {
			entries = append(entries, e.elements())
		}
	}
	for _, s := range a.subnets() {
		associations = append(associations, fields("networkAclAssociationId", s.aclAssociation, "networkAclId", a.id, "subnetId", s.id))
	}
	return append(
		fields("networkAclId", a.id, "vpcId", a.vpc.id, "default", strconv.FormatBool(a == a.vpc.defaultACL), "ownerId", a.vpc.network.lab.options.AccountID),
		set("entrySet", entries...), set("associationSet", associations...), a.tagSet(),
	)
}

func (e aclEntry) elements() []xmlElement {
	action, cidr := "deny", ""
	if e.allow {
		action = "allow"
	}
	if e.ipv6 == "" {
		cidr = e.cidr.String()
	}
	elements := fields("ruleNumber", strconv.Itoa(e.number), "protocol", strconv.Itoa(e.protocol), "ruleAction", action, "egress", strconv.FormatBool(e.egress),
		"cidrBlock", cidr, "ipv6CidrBlock", e.ipv6)
	if e.ports != (portRange{}) {
		elements = append(elements, xmlElement{Name: "portRange", Children: fields("from", strconv.Itoa(e.ports.from), "to", strconv.Itoa(e.ports.to))})
	}
	if e.icmp != nil {
		elements = append(elements, xmlElement{Name: "icmpTypeCode", Children: fields("type", e.icmp[0], "code", e.icmp[1])})
	}
	return elements
}
