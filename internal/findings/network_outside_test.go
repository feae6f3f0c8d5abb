package findings

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReachableOutside logs what it finds, to be read aloud.
func TestReachableOutside(t *testing.T) {
	t.Parallel()
	const noVPC, ingress = "error network-no-vpc", "error network-database-ingress"
	tests := map[string]struct {
		change func(*networkCase)
		want   []string
		text   string
	}{
		"private database":               {want: []string{noVPC}, text: "Connect the function to subnets of the VPC vpc-1"},
		"no database":                    {change: func(c *networkCase) { c.Database = nil }},
		"public database":                {change: func(c *networkCase) { c.db.Public = new(true); c.admits(in(5432, "0.0.0.0/0")) }},
		"public database, not admitted":  {change: func(c *networkCase) { c.db.Public = new(true) }, want: []string{ingress}, text: "no rule of the security group sg-db of RDS instance orders allows inbound TCP 5432 from public addresses"},
		"public database, some admitted": {change: func(c *networkCase) { c.db.Public = new(true); c.admits(in(5432, "198.51.100.7/32")) }, want: []string{"info network-database-ingress"}},
		"public database, groups not readable": {change: func(c *networkCase) {
			c.db.Public = new(true)
			c.db.SecurityGroups = nil
			c.db.Unseen = []string{"ec2:DescribeSecurityGroupRules"}
		}, want: []string{"info network-database-ingress"}, text: "`ec2:DescribeSecurityGroupRules`"},
		"public database, network ACL": {change: func(c *networkCase) {
			c.db.Public = new(true)
			c.admits(in(5432, "0.0.0.0/0"))
			c.db.Subnets[0].Rules = wall()[2:]
			c.db.Subnets[1].Rules = wall()[2:]
		}, want: []string{ingress}, text: "acl-c"},
		"public database, port not known": {change: func(c *networkCase) { c.db.Public = new(true); c.db.Port = 0 }},
		"not known whether public":        {change: func(c *networkCase) { c.db.Public = nil }},
		"not readable whether public":     {change: func(c *networkCase) { c.db.Public, c.db.Unseen = nil, []string{"rds:DescribeDBInstances"} }, want: []string{"info network-no-vpc"}, text: "`rds:DescribeDBInstances`"},
		"unlisted database":               {change: func(c *networkCase) { c.unlisted(hiddenHost) }},
		"private address":                 {change: func(c *networkCase) { c.unlisted("10.0.7.7") }, want: []string{noVPC}},
		"the function itself":             {change: func(c *networkCase) { c.unlisted("127.0.0.1") }},
		"the function itself, by name":    {change: func(c *networkCase) { c.unlisted("localhost") }},
		"private IPv6 address":            {change: func(c *networkCase) { c.unlisted("fd00::7") }, want: []string{noVPC}},
		"public address":                  {change: func(c *networkCase) { c.unlisted("198.51.100.7") }},
		"VPC endpoint, proxy":             {change: func(c *networkCase) { c.Database, c.Endpoint, c.Proxy = nil, ownAddress, true }},
		"VPC endpoint":                    {change: func(c *networkCase) { c.Database, c.Endpoint = nil, ownAddress }, want: []string{"error network-no-path-secretsmanager"}, text: "names a VPC endpoint, and it is not connected to a VPC"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newNetworkCase()
			if test.change != nil {
				test.change(c)
			}
			found := ReachableOutside(c.Connection)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			checkNetworkFindings(t, found)
			for _, f := range found {
				t.Logf("%s %s\n%s\n%s", f.Severity, f.Code, f.Detail, f.Remedy)
				if !strings.Contains(f.Detail+" "+f.Remedy, test.text) {
					t.Errorf("%q is not said", test.text)
				}
			}
		})
	}
}
