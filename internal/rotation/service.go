// Package rotation sets up, reads, changes and removes the rotation of one
// secret: role policy, invoke permission, rotation configuration and the wait
// for a rotation's outcome, in the order in which AWS needs them.
//
// It knows nothing of Terraform. What it promises is what makes the resource
// safe: a rotation happens only when it was asked for, a create that was
// killed is resumed rather than repeated, and nothing is removed that this
// package did not write.
package rotation

import (
	"context"
	"regexp"
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Setup is what a user asks for, with every default applied. Empty strings
// mean "not given".
type Setup struct {
	// SecretID is the secret's ARN or its name.
	SecretID string
	// Region is where a secret given by name lives; empty means the default
	// Region of the connection.
	Region string
	// FunctionARN is the rotation function, maybe with a qualifier; empty for a
	// secret that a service rotates.
	FunctionARN string
	// FunctionPending says that a function is given and not known yet, which
	// only a plan can meet.
	FunctionPending bool
	// SuperuserSecretARN is the secret that the function logs in with to change
	// the password of another user.
	SuperuserSecretARN string
	// SuperuserOwner is the service that manages that secret, as far as the
	// workflow has found out; empty if none does.
	SuperuserOwner string
	// Access has what else the role policy is for: the superuser secret's key,
	// keytab secrets and the like. Secret, key, superuser and VPC are not in it.
	Access catalog.Access
	// VPC says whether the role policy connects the function to its VPC; nil
	// means that it does so if no other policy of the role does.
	VPC *bool
	// AccessPending says that not all of that is known yet, or whether it is Managed,
	// which only a plan can meet.
	AccessPending bool
	// RotationType is what the function does; nil if that is not known.
	RotationType *catalog.RotationType
	Rules        Rules
	Enabled      bool
	// Managed says that invoke permission and role policy are ours to keep.
	Managed bool
	// RoleARN and KMSKeyARN replace what the function and the secret say.
	RoleARN, KMSKeyARN string
	// RotateImmediately is about creates only; nil means yes, but no for a
	// secret that a service rotates.
	RotateImmediately *bool
	// Triggers are the rotate_triggers.
	Triggers map[string]string
	// Wait says to wait for the outcome of a rotation that was started.
	Wait bool
	// ReadValue allows to read versions of the secret: to check a value's
	// format, to learn whether a version has a value at all, and to mask it in
	// log lines.
	ReadValue bool
	// StatementID and RolePolicyName replace the derived names.
	StatementID, RolePolicyName string
	ExternalRoleARN             string
	ExternalMetadata            []KeyValue
	// PlannedRolePolicy is the policy that the plan has shown, if it has.
	PlannedRolePolicy string
	// Check asks for all checks, CheckAccess for those of what others have to
	// allow; with Lenient they only warn.
	Check, CheckAccess, Lenient bool
}

// KeyValue is an item of the metadata of a managed external secret.
type KeyValue struct{ Key, Value string }

// Rules say when a secret rotates: every so many days, or by a schedule
// expression, each with an optional window such as "3h".
type Rules struct {
	AutomaticallyAfterDays int64
	ScheduleExpression     string
	Duration               string
}

// IsZero reports whether no rule is given.
func (r Rules) IsZero() bool { return r == Rules{} }

// Object is a setup as AWS has it, and what was written for it.
type Object struct {
	Permissions

	SecretARN     string
	Rules         Rules
	Enabled       bool
	KMSKeyARN     string // the secret's customer managed key, or empty
	OwningService string
	// SuperuserARN is the superuser secret if the role policy depends on the
	// service that manages it, which is SuperuserOwner; empty if none does. A
	// secret keeps its owner for life.
	SuperuserARN, SuperuserOwner string
	// PreviousRules are the rules that a service-managed secret had before.
	PreviousRules Rules
	// UnfinishedVersionID is the version of a rotation whose outcome is open.
	UnfinishedVersionID string
	ExternalRoleARN     string
	ExternalMetadata    []KeyValue
}

// Service carries out setups. One serves a whole run of the provider, so that
// setups that share a function or a role take turns in writing to it.
type Service struct {
	connect func(ctx context.Context, region string) (*awsapi.Clients, error)
	clock   Clock
	// Progress is told of the steps of all operations, unless it is nil. It is to be
	// set before the first one.
	Progress Progress

	// secrets serialises setups of one secret: the destroy of one and the create
	// of another that takes it over run at the same time.
	secrets, functions, roles keyedMutex
	facts                     facts.Cache
	planned                   planned
	waits                     waits
	// written has, by role and by function, when this run has last changed what
	// the one may do and who may invoke the other.
	written sync.Map
	// refused has, by function, when a check first found an error before a write.
	refused sync.Map

	// created holds what was written, as [Permissions], for the secrets whose setup,
	// and the functions whose access, was created in this run. With
	// create_before_destroy the object that it replaces is deleted afterwards, and
	// must then remove nothing of that.
	created sync.Map
}

// NewService returns a service on a connection's clients and a clock.
func NewService(connect func(ctx context.Context, region string) (*awsapi.Clients, error), clock Clock) *Service {
	return &Service{connect: connect, clock: clock}
}

// operation is one create, read, update or delete.
type operation struct {
	*Service
	facts.Source
	deadline time.Time
	// planning says that nothing is going to be written, and that what the plan will
	// write counts; diagnosing, that all is judged as AWS has it.
	planning, diagnosing bool
	// wrotePermission says that this operation wrote the invoke permission.
	wrotePermission bool
	// former is the ID of our own statement that an update is going to remove.
	former string
	// roleName is the role that the function runs as.
	roleName string
	// unconfigured says that AWS goes on with a rotation and may not have taken
	// the configuration that came with the request.
	unconfigured bool
	warnings     []Problem
}

func (s *Service) begin(ctx context.Context, secretID, region string, timeout time.Duration) (*operation, error) {
	if a, err := arn.ParseSecret(secretID); err == nil {
		region = a.Region
	}
	clients, err := s.connect(ctx, region)
	if err != nil {
		return nil, err
	}
	return &operation{Service: s, Source: s.facts.From(clients, s.clock.Now), deadline: s.clock.Now().Add(timeout)}, nil
}

// look begins an operation that only looks, at each fact once.
func (s *Service) look(ctx context.Context, secretID, region string) (*operation, error) {
	o, err := s.begin(ctx, secretID, region, inspectTimeout)
	if err != nil {
		return nil, err
	}
	o.Source = o.Snapshot()
	return o, nil
}

// plan begins an operation that looks for a plan.
func (s *Service) plan(ctx context.Context, secretID, region string) (*operation, error) {
	o, err := s.look(ctx, secretID, region)
	if err == nil {
		o.planning = true
	}
	return o, err
}

func (o *operation) warn(p Problem) {
	p.Warning = true
	o.warnings = append(o.warnings, p)
}

// StatementID is the derived name of the invoke permission of a secret, or of a
// function for all its secrets: the same on every try.
func StatementID(ownerARN string) string { return derivedName(ownerARN, 100) }

// RolePolicyName is the derived name of the role policy of a secret or function.
func RolePolicyName(ownerARN string) string { return derivedName(ownerARN, 128) }

// derivedName makes a name from the ARN of a secret or function that people
// recognise, that is unique to the ARN and that both Lambda (letters, digits, -
// and _) and IAM accept.
func derivedName(ownerARN string, limit int) string {
	hash := iampolicy.NewMarker(ownerARN, 1).OwnerHash
	name := ""
	if a, err := arn.ParseSecret(ownerARN); err == nil {
		name = "rotation-" + unnameable.ReplaceAllString(a.Name, "-")
	} else if a, err := arn.ParseFunction(ownerARN); err == nil {
		name = "rotation-function-" + a.Name
	} else {
		return ""
	}
	return name[:min(len(name), limit-len(hash)-1)] + "-" + hash
}

// unnameable is what a statement ID can't hold.
var unnameable = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// keyedMutex is a mutex for each key.
type keyedMutex struct {
	mu    sync.Mutex
	locks map[string]*sync.Mutex
}

func (k *keyedMutex) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.locks == nil {
		k.locks = map[string]*sync.Mutex{}
	}
	lock, ok := k.locks[key]
	if !ok {
		lock = &sync.Mutex{}
		k.locks[key] = lock
	}
	k.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}
