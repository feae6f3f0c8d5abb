package catalog

import (
	"slices"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// The services that manage superuser secrets, as the field OwningService of DescribeSecret has them.
const (
	OwnerRDS      = "rds"      // also for Aurora and Amazon DocumentDB
	OwnerRedshift = "redshift" // clusters, and namespaces of Redshift Serverless
)

// Access says which secrets the role policy of a rotation function is for. ARNs are full ARNs; empty means that there is none.
type Access struct {
	SecretARN              string   // the secret that rotates
	KMSKeyARN              string   // its customer managed key; empty for aws/secretsmanager
	SuperuserSecretARN     string   // the superuser secret
	SuperuserKMSKeyARN     string   // its customer managed key; empty for aws/secretsmanager
	SuperuserOwningService string   // the service that manages the superuser secret; empty if none does
	ReadReplica            bool     // the secret is for a read replica, so that its host is not the superuser's
	KeytabSecretARNs       []string // the keytab secrets that the secret lists
	KeytabKMSKeyARN        string   // their customer managed key; empty for aws/secretsmanager
	Marker                 string   // Sid of the first statement, from iampolicy.Marker; empty for the usual one
}

// RolePolicy returns the least that the execution role of the type's function needs for a secret, except for logs and the VPC. A type
// that is nil, which is a function of which nothing is known, counts as Custom.
func (t *RotationType) RolePolicy(a Access) iampolicy.Document {
	if t == nil {
		t = custom
	}
	superuser := t.needed(OnSuperuser, a)
	if t == custom {
		// Whoever gives a superuser secret to a function of their own means it to be read.
		superuser = []string{"secretsmanager:GetSecretValue"}
	}
	in := iampolicy.RolePolicyInput{
		SecretARN:          a.SecretARN,
		KMSKeyARN:          a.KMSKeyARN,
		RandomPassword:     t.grants(OnPassword),
		SuperuserSecretARN: a.SuperuserSecretARN,
		SuperuserKMSKeyARN: a.SuperuserKMSKeyARN,
		SuperuserActions:   superuser,
		ServiceActions:     t.needed(OnService, a),
		Marker:             a.Marker,
	}
	if t.HasKeytabs() {
		in.KeytabSecretARNs, in.KeytabKMSKeyARN = a.KeytabSecretARNs, a.KeytabKMSKeyARN
	}
	return iampolicy.RolePolicy(in)
}

// HasKeytabs reports whether the function rotates keytab secrets along with the secret.
func (t *RotationType) HasKeytabs() bool { return t.grants(OnKeytabs) }

// SuperuserOwners returns the services whose managed secrets the function accepts as the superuser secret, as OwningService of
// DescribeSecret has them; none if the function knows no such secrets.
func (t *RotationType) SuperuserOwners() []string {
	var owners []string
	for _, owner := range []string{OwnerRDS, OwnerRedshift} {
		if slices.ContainsFunc(t.Grants, func(g Grant) bool { return g.When != Always && g.When.holds(Access{SuperuserOwningService: owner}) }) {
			owners = append(owners, owner)
		}
	}
	return owners
}

// grants reports whether the function needs anything on a target.
func (t *RotationType) grants(on Target) bool {
	return slices.ContainsFunc(t.Grants, func(g Grant) bool { return g.On == on })
}

// needed returns the actions on a target for the secrets at hand, in alphabetical order.
func (t *RotationType) needed(on Target, a Access) []string {
	var actions []string
	for _, g := range t.Grants {
		if g.On == on && g.When.holds(a) {
			actions = append(actions, g.Actions...)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// holds reports whether the secrets at hand are the case in which a grant is needed. Secrets Manager names the one service redshift for
// clusters and for Serverless; which of them it is stands in tags of the secret that only the function reads.
func (n Need) holds(a Access) bool {
	switch n {
	case Always:
		return true
	case ManagedSuperuser:
		return a.SuperuserOwningService == OwnerRDS
	case ManagedOrReplica:
		return a.SuperuserOwningService == OwnerRDS || a.ReadReplica
	case ManagedCluster, ManagedWorkgroup:
		return a.SuperuserOwningService == OwnerRedshift
	}
	return false
}
