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
	VPC                    bool     // the function is in a VPC, and its role may not connect it by another policy
	Marker                 string   // Sid of the first statement, from iampolicy.Marker; empty for the usual one
}

// RolePolicy returns the least that the execution role of the type's function needs for a secret, except for logs. A type that
// is nil, which is a function of which nothing is known, counts as Custom.
func (t *RotationType) RolePolicy(a Access) iampolicy.Document {
	if t == nil {
		t = custom
	}
	in := iampolicy.RolePolicyInput{
		SecretARN:          a.SecretARN,
		KMSKeyARN:          a.KMSKeyARN,
		RandomPassword:     t.grants(OnPassword),
		SuperuserSecretARN: a.SuperuserSecretARN,
		SuperuserKMSKeyARN: a.SuperuserKMSKeyARN,
		SuperuserActions:   t.onSuperuser(a),
		ServiceActions:     t.needed(OnService, a),
		VPC:                a.VPC,
		Marker:             a.Marker,
	}
	if t.HasKeytabs() {
		in.KeytabSecretARNs, in.KeytabKMSKeyARN = a.KeytabSecretARNs, a.KeytabKMSKeyARN
	}
	return iampolicy.RolePolicy(in)
}

// SharedAccess says what the role policy of a rotation function is for that rotates any number of secrets. ARNs are full ARNs.
type SharedAccess struct {
	FunctionARN         string            // with or without a qualifier
	Types               []*RotationType   // what the function may be; none counts as Custom
	SuperuserSecretARNs []string          // the superuser secrets of all its secrets
	SuperuserOwners     map[string]string // by ARN, the services that manage some of them
	ReadReplica         bool              // some of the secrets are for read replicas
	KeytabSecretARNs    []string          // the keytab secrets that its secrets list
	KMSKeyARNs          []string          // the customer managed keys of its secrets, and of keytab secrets
	SuperuserKMSKeyARNs []string          // those of superuser secrets
	VPC                 bool              // as in Access
	Marker              string            // as in Access
}

// SharedRolePolicy returns the least that the execution role of a function needs for all secrets that are configured to rotate with
// it, except for logs. Its size does not depend on their number.
func SharedRolePolicy(a SharedAccess) iampolicy.Document {
	types := a.Types
	if len(types) == 0 {
		types = []*RotationType{custom}
	}
	in := iampolicy.SharedRolePolicyInput{FunctionARN: a.FunctionARN, KMSKeyARNs: a.KMSKeyARNs, SuperuserKMSKeyARNs: a.SuperuserKMSKeyARNs, VPC: a.VPC, Marker: a.Marker}
	needed := func(owner string, actions func(*RotationType, Access) []string) []string {
		var all []string
		for _, t := range types {
			all = append(all, actions(t, Access{SuperuserOwningService: owner, ReadReplica: a.ReadReplica})...)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	onService := func(t *RotationType, a Access) []string { return t.needed(OnService, a) }
	in.ServiceActions = needed("", onService)
	// Superuser secrets that nobody manages come first, then those of each service.
	for _, owner := range []string{"", OwnerRDS, OwnerRedshift} {
		grant := iampolicy.SuperuserGrant{Sid: superuserSids[owner], Actions: needed(owner, (*RotationType).onSuperuser)}
		for _, secretARN := range a.SuperuserSecretARNs {
			if managed := a.SuperuserOwners[secretARN]; managed == owner || owner == "" && superuserSids[managed] == "" {
				grant.Secrets = append(grant.Secrets, secretARN)
			}
		}
		if len(grant.Secrets) > 0 && len(grant.Actions) > 0 {
			in.Superusers = append(in.Superusers, grant)
			in.ServiceActions = append(in.ServiceActions, needed(owner, onService)...)
		}
	}
	slices.Sort(in.ServiceActions)
	in.ServiceActions = slices.Compact(in.ServiceActions)
	for _, t := range types {
		in.RandomPassword = in.RandomPassword || t.grants(OnPassword)
		if t.HasKeytabs() {
			in.KeytabSecretARNs = a.KeytabSecretARNs
		}
	}
	return iampolicy.SharedRolePolicy(in)
}

// superuserSids are the Sids of the statements on superuser secrets, by the service that manages them.
var superuserSids = map[string]string{"": "ReadSuperuserSecrets", OwnerRDS: "ReadRDSSuperuserSecrets", OwnerRedshift: "ReadRedshiftSuperuserSecrets"}

// HasKeytabs reports whether the function rotates keytab secrets along with the secret.
func (t *RotationType) HasKeytabs() bool { return t.grants(OnKeytabs) }

// LooksUpReplicas reports whether the function accepts the secret of a read replica of the superuser's database.
func (t *RotationType) LooksUpReplicas() bool {
	return slices.ContainsFunc(t.Grants, func(g Grant) bool { return g.When == ManagedOrReplica })
}

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

// onSuperuser returns the actions on the superuser secret.
func (t *RotationType) onSuperuser(a Access) []string {
	if t == custom {
		// Whoever gives a superuser secret to a function of their own means it to be read.
		return []string{"secretsmanager:GetSecretValue"}
	}
	return t.needed(OnSuperuser, a)
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
