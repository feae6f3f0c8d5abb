package findings

import (
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// SuperuserValue checks the value of the superuser secret, and whether it is for the same host as the value of the secret that
// rotates. Of access it takes the service that manages the superuser secret, and whether the secret is for a read replica. Binary
// values are for SecretBinaryValue to say.
func SuperuserValue(t *catalog.RotationType, access catalog.Access, value, superuserValue string) []Finding {
	if t.Superuser == nil {
		return nil
	}
	object, problem := readObject(superuserValue)
	if problem != "" {
		return []Finding{ofSuperuser(New(SuperuserFormat, Error, strings.Replace(problem, "The value", "The superuser secret's value", 1), jsonRemedy))}
	}
	if slices.Contains(t.SuperuserOwners(), access.SuperuserOwningService) && (t.Superuser.ByTags || hasManagedFields(t.Superuser, object)) {
		return nil // The function looks up the rest. The service keeps the value.
	}
	c := check{t: superuserType(t), object: object}
	for _, f := range c.t.Fields {
		c.field(f)
	}
	var findings []Finding
	for _, f := range c.findings {
		// All is one code, since the format is another than that of the secret that rotates.
		findings = append(findings, ofSuperuser(New(SuperuserFormat, f.Severity, strings.Replace(f.Detail, "The field", "The superuser secret's field", 1), f.Remedy)))
	}
	current, _ := readObject(value)
	host, present := object.members["host"]
	currentHost, currentPresent := current.members["host"]
	if !slices.Contains(t.Superuser.Fields, "host") || !present || !currentPresent || host.kind == currentHost.kind && host.text == currentHost.text {
		return findings
	}
	switch {
	case !looksUpReplicas(t):
		return append(findings, ofSuperuser(New(SuperuserHostMismatch, Error,
			"The superuser secret is for another host than the secret. The rotation function compares them exactly, with upper and lower case.",
			"Use the superuser secret of the same database, with the host written the same in both.")))
	case !access.ReadReplica:
		return append(findings, ofSuperuser(New(SuperuserHostMismatch, Warning,
			"The superuser secret is for another host than the secret. The rotation function compares them exactly and goes on only if RDS says that the secret's host is a read replica of the superuser's.",
			"If it is one, set `read_replica = true`, so that the execution role may ask RDS. Otherwise use the superuser secret of the same database, with the host written the same in both.")))
	}
	return findings
}

func ofSuperuser(f Finding) Finding {
	f.Argument = SuperuserArgument
	return f
}

// hasManagedFields reports whether a superuser secret has the fields of one that a service manages, and no others.
func hasManagedFields(s *catalog.Superuser, object jsonValue) bool {
	if len(s.ManagedFields) == 0 || len(object.members) != len(s.ManagedFields) {
		return false
	}
	return !slices.ContainsFunc(s.ManagedFields, func(name string) bool {
		_, present := object.members[name]
		return !present
	})
}

// looksUpReplicas reports whether the function takes the host of a read replica.
func looksUpReplicas(t *catalog.RotationType) bool {
	return slices.ContainsFunc(t.Grants, func(g catalog.Grant) bool { return g.When == catalog.ManagedOrReplica })
}

// superuserType is the format of the superuser secret: the fields that the function requires there, and those of the rotated secret
// that it reads to connect. All functions but that of MongoDB connect the superuser to the rotated secret's database.
func superuserType(t *catalog.RotationType) *catalog.RotationType {
	format := &catalog.RotationType{Name: t.Name, Engine: t.Engine, Database: t.Database}
	for _, name := range t.Superuser.Fields {
		f, known := t.Field(name)
		if !known {
			f = catalog.Field{Name: name}
		}
		f.Required = true
		f.TextOnly = f.TextOnly && name != "username" // Of the superuser the function makes no clone.
		format.Fields = append(format.Fields, f)
	}
	if len(t.Superuser.ManagedFields) == 0 || t.Superuser.ByTags {
		if f, known := t.Field("dbname"); known {
			format.Fields = append(format.Fields, f)
		}
	}
	for _, f := range t.Fields {
		if f.Kind == catalog.Port || f.Kind == catalog.PortText || f.Kind == catalog.TLS {
			format.Fields = append(format.Fields, f)
		}
	}
	return format
}
