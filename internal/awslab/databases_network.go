package awslab

import (
	"net/netip"
	"strconv"
	"strings"
)

// DatabaseNetwork is where in a network a database is. The zero value is
// outside the model: every function reaches it.
type DatabaseNetwork struct {
	// SubnetIDs are the subnets of its subnet group, all of one VPC. Its
	// address is in the first.
	SubnetIDs []string
	// SubnetGroup names the subnet group; default "default".
	SubnetGroup string
	// SecurityGroupIDs guard it.
	SecurityGroupIDs []string
	// PubliclyAccessible gives it a public address besides, to which its name
	// resolves outside its VPC.
	PubliclyAccessible bool
	// Dial is the address, as in 127.0.0.1:5432, of the server that stands in
	// for the database: what reaches its host is connected there. Empty leaves
	// the host to the resolver of this machine.
	Dial string
}

// databaseHost is a database, found by its host name.
type databaseHost struct {
	DatabaseNetwork

	host    string
	subnet  *subnet // nil outside the model
	private netip.Addr
}

// connectDatabase gives a database an address in its first subnet, which must
// exist: to name another is a mistake of the calling program.
func (l *Lab) connectDatabase(host string, d DatabaseNetwork) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := &databaseHost{DatabaseNetwork: d, host: strings.ToLower(host)}
	owner := "database " + h.host
	if old := l.databases.hosts[h.host]; old != nil && old.subnet != nil {
		old.subnet.release(owner)
	}
	if len(d.SubnetIDs) > 0 {
		var err error
		h.subnet = mustFind(l, d.SubnetIDs[0], func(n *network) collection[*subnet] { return n.subnets })
		if h.private, err = h.subnet.take(owner); err != nil {
			panic("awslab: " + err.Error())
		}
	}
	l.databases.hosts[h.host] = h
}

func (d DatabaseNetwork) subnetGroup() string {
	if d.SubnetGroup == "" {
		return "default"
	}
	return d.SubnetGroup
}

// securityGroups is the list of a database's groups as RDS and Redshift show
// it.
func (d DatabaseNetwork) securityGroups(item string) xmlElement {
	list := xmlElement{Name: "VpcSecurityGroups"}
	for _, id := range d.SecurityGroupIDs {
		list.Children = append(list.Children, xmlElement{Name: item, Children: fields("VpcSecurityGroupId", id, "Status", "active")})
	}
	return list
}

// instanceElements are those of an RDS instance. Lab.mu is held.
func (d DatabaseNetwork) instanceElements(l *Lab) []xmlElement {
	if len(d.SubnetIDs) == 0 {
		return nil
	}
	group := xmlElement{Name: "DBSubnetGroup", Children: fields("DBSubnetGroupName", d.subnetGroup(), "DBSubnetGroupDescription", d.subnetGroup(), "SubnetGroupStatus", "Complete")}
	subnets := xmlElement{Name: "Subnets"}
	for _, id := range d.SubnetIDs {
		s := mustFind(l, id, func(n *network) collection[*subnet] { return n.subnets })
		subnets.Children = append(subnets.Children, xmlElement{Name: "Subnet", Children: append(
			fields("SubnetIdentifier", id, "SubnetStatus", "Active"),
			xmlElement{Name: "SubnetAvailabilityZone", Children: fields("Name", s.zone)},
		)})
	}
	group.Children = append(group.Children, text("VpcId", d.vpc(l)), subnets)
	return []xmlElement{d.securityGroups("VpcSecurityGroupMembership"), group, text("PubliclyAccessible", strconv.FormatBool(d.PubliclyAccessible))}
}

func (d DatabaseNetwork) vpc(l *Lab) string {
	return mustFind(l, d.SubnetIDs[0], func(n *network) collection[*subnet] { return n.subnets }).vpc.id
}

// clusterElements are those of an RDS cluster, which names its subnet group
// only. Its instances tell whether it is publicly accessible, except for a
// Multi-AZ cluster.
func (d DatabaseNetwork) clusterElements() []xmlElement {
	if len(d.SubnetIDs) == 0 {
		return nil
	}
	elements := []xmlElement{d.securityGroups("VpcSecurityGroupMembership"), text("DBSubnetGroup", d.subnetGroup())}
	if d.PubliclyAccessible {
		elements = append(elements, text("PubliclyAccessible", "true"))
	}
	return elements
}

// redshiftElements are those of a Redshift cluster. Lab.mu is held.
func (d DatabaseNetwork) redshiftElements(l *Lab) []xmlElement {
	if len(d.SubnetIDs) == 0 {
		return nil
	}
	return []xmlElement{
		d.securityGroups("VpcSecurityGroup"), text("ClusterSubnetGroupName", d.subnetGroup()), text("VpcId", d.vpc(l)),
		text("PubliclyAccessible", strconv.FormatBool(d.PubliclyAccessible)),
	}
}
