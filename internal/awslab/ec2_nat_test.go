package awslab_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// TestNATGatewayFiltersAndPages describes twelve NAT gateways in two VPCs: a to
// j in the first subnet of the first, k in its second, and l in the other VPC.
func TestNATGatewayFiltersAndPages(t *testing.T) {
	t.Parallel()
	w := labtest.Empty(t)
	v, other := w.NewNetwork(labtest.Network{}), w.NewNetwork(labtest.Network{Prefix: "10.1"})
	names, ids := map[string]string{}, map[string]string{}
	for name := range strings.SplitSeq("abcdefghijkl", "") {
		subnet := v.PrivateSubnets[0]
		switch name {
		case "k":
			subnet = v.PrivateSubnets[1]
		case "l":
			subnet = other.PrivateSubnets[0]
		}
		made := try[*ec2.CreateNatGatewayOutput](t)(v.CreateNatGateway(t.Context(), &ec2.CreateNatGatewayInput{
			SubnetId: &subnet, ConnectivityType: types.ConnectivityTypePrivate,
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeNatgateway, Tags: []types.Tag{{Key: new("Name"), Value: &name}}}},
		})).NatGateway
		names[*made.NatGatewayId], ids[name] = name, *made.NatGatewayId
	}
	w.SetNATGatewayState(ids["b"], "failed")
	w.SetNATGatewayState(ids["c"], "pending")
	try[*ec2.DeleteNatGatewayOutput](t)(v.DeleteNatGateway(t.Context(), &ec2.DeleteNatGatewayInput{NatGatewayId: new(ids["d"])}))
	for name, test := range map[string]struct {
		filters []types.Filter
		ids     []string
		want    string
		pages   int
	}{
		"all":                {want: "abcdefghijkl", pages: 3},
		"VPC":                {filters: filters("vpc-id", v.VPCID), want: "abcdefghijk", pages: 3},
		"two VPCs":           {filters: filters("vpc-id", v.VPCID+","+other.VPCID), want: "abcdefghijkl", pages: 3},
		"subnet":             {filters: filters("subnet-id", v.PrivateSubnets[0]), want: "abcdefghij", pages: 2},
		"ID":                 {filters: filters("nat-gateway-id", ids["a"]+","+ids["l"]+",nat-0"), want: "al", pages: 1},
		"state":              {filters: filters("state", "available"), want: "aefghijkl", pages: 2},
		"other states":       {filters: filters("state", "failed,pending,deleted"), want: "bcd", pages: 1},
		"state in a VPC":     {filters: filters("state", "available", "vpc-id", other.VPCID), want: "l", pages: 1},
		"ID of another VPC":  {filters: filters("nat-gateway-id", ids["a"], "vpc-id", other.VPCID), pages: 1},
		"tag":                {filters: filters("tag:Name", "k"), want: "k", pages: 1},
		"by ID and filtered": {ids: []string{ids["a"], ids["b"]}, filters: filters("state", "failed"), want: "b", pages: 1},
		"no such VPC":        {filters: filters("vpc-id", "vpc-0"), pages: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			count := 0
			pages := ec2.NewDescribeNatGatewaysPaginator(v, &ec2.DescribeNatGatewaysInput{Filter: test.filters, NatGatewayIds: test.ids}, func(o *ec2.DescribeNatGatewaysPaginatorOptions) { o.Limit = 5 })
			for ; pages.HasMorePages(); count++ {
				for _, g := range try[*ec2.DescribeNatGatewaysOutput](t)(pages.NextPage(t.Context())).NatGateways {
					got.WriteString(names[*g.NatGatewayId])
				}
			}
			diff(t, "NAT gateways", test.want, got.String())
			diff(t, "pages", test.pages, count)
		})
	}
	_, err := v.DescribeNatGateways(t.Context(), &ec2.DescribeNatGatewaysInput{Filter: filters("subnet", "subnet-1")})
	refused(t, err, "InvalidParameterValue", "The filter 'subnet' is invalid")
	_, err = v.DescribeNatGateways(t.Context(), &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{"nat-0"}})
	refused(t, err, "NatGatewayNotFound", "nat-0")
	_, err = v.DescribeNatGateways(t.Context(), &ec2.DescribeNatGatewaysInput{MaxResults: new(int32(4))})
	refused(t, err, "InvalidParameterValue", "between 5 and 1000")
}
