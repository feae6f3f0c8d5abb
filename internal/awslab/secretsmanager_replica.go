package awslab

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

type replicaInput struct{ Region, KmsKeyID string }

type replicationStatus struct {
	Region           string
	KmsKeyID         string `json:"KmsKeyId"`
	Status           string
	StatusMessage    string `json:",omitempty"`
	LastAccessedDate epoch  `json:",omitzero"`
}

var regionName = regexp.MustCompile(`^([a-z]+-)+\d+$`)

func checkReplicas(primary string, replicas []replicaInput) error {
	for _, r := range replicas {
		if !regionName.MatchString(r.Region) {
			return constraint("addReplicaRegions.region", "Member must satisfy regular expression pattern: ^([a-z]+-)+\\d+$")
		}
		if r.Region == primary {
			return errorf("InvalidParameterException", "Invalid replica region: the primary secret is in %s.", primary)
		}
		if err := lengthOf("addReplicaRegions.kmsKeyId", r.KmsKeyID, 0, 2048); err != nil {
			return err
		}
	}
	return nil
}

// replicable checks that nothing stands in the way of replicas.
func (c *call) replicable(s *secret, replicas []replicaInput, overwrite bool) error {
	for _, r := range replicas {
		old := c.lab.secrets.find(r.Region, s.name)
		if old != nil && old.primary != s && !overwrite {
			return errorf("ResourceExistsException", "A secret with the name %s already exists in %s.", s.name, r.Region)
		}
	}
	return nil
}

// replicate adds replicas, or changes the key of those that exist. They are in
// sync at once.
func (l *Lab) replicate(s *secret, replicas []replicaInput) {
	for _, r := range replicas {
		i := slices.IndexFunc(s.replicas, func(have *secret) bool { return have.region == r.Region })
		if i >= 0 {
			s.replicas[i].keyID = r.KmsKeyID
			continue
		}
		if old := l.secrets.find(r.Region, s.name); old != nil {
			l.endRotation(old)
			delete(l.secrets.secrets, old.arn)
		}
		suffix := s.arn[strings.LastIndex(s.arn, "-"):]
		replica := &secret{
			arn: l.secretARN(r.Region, s.name) + suffix, name: s.name, region: r.Region,
			keyID: r.KmsKeyID, created: l.Now(), policy: s.policy, primary: s,
		}
		s.replicas = append(s.replicas, replica)
		l.secrets.secrets[replica.arn] = replica
	}
}

// replicationStatus lists the replicas of a primary.
func (s *secret) replicationStatus() []replicationStatus {
	var list []replicationStatus
	for _, r := range s.replicas {
		list = append(list, replicationStatus{Region: r.region, KmsKeyID: cmp.Or(r.keyID, "alias/aws/secretsmanager"), Status: "InSync", LastAccessedDate: epoch{r.accessed}})
	}
	return list
}

type replicationInput struct {
	secretInput
	AddReplicaRegions           []replicaInput
	ForceOverwriteReplicaSecret bool
	RemoveReplicaRegions        []string
}

type replicationAnswer struct {
	ARN               string
	ReplicationStatus []replicationStatus `json:",omitempty"`
}

// replicateSecretToRegions follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicateSecretToRegions.html.
func replicateSecretToRegions(c *call, in *replicationInput) (any, error) {
	if len(in.AddReplicaRegions) == 0 {
		return nil, constraint("addReplicaRegions", "Member must have length greater than or equal to 1")
	}
	if err := checkReplicas(c.region, in.AddReplicaRegions); err != nil {
		return nil, err
	}
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notDeleted, (*secret).notReplica)
	if err != nil {
		return nil, err
	}
	if err := c.replicable(s, in.AddReplicaRegions, in.ForceOverwriteReplicaSecret); err != nil {
		return nil, err
	}
	c.lab.replicate(s, in.AddReplicaRegions)
	s.changed = c.lab.Now()
	return replicationAnswer{s.arn, s.replicationStatus()}, nil
}

// removeRegionsFromReplication deletes replicas, see
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RemoveRegionsFromReplication.html.
func removeRegionsFromReplication(c *call, in *replicationInput) (any, error) {
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notDeleted, (*secret).notReplica)
	if err != nil {
		return nil, err
	}
	for _, region := range in.RemoveReplicaRegions {
		if !slices.ContainsFunc(s.replicas, func(r *secret) bool { return r.region == region }) {
			return nil, errorf("InvalidParameterException", "The secret has no replica in %s.", region)
		}
	}
	s.replicas = slices.DeleteFunc(s.replicas, func(r *secret) bool {
		gone := slices.Contains(in.RemoveReplicaRegions, r.region)
		if gone {
			delete(c.lab.secrets.secrets, r.arn)
		}
		return gone
	})
	s.changed = c.lab.Now()
	return replicationAnswer{s.arn, s.replicationStatus()}, nil
}

// stopReplicationToReplica makes a secret of its own of a replica, without
// rotation, see
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_StopReplicationToReplica.html.
func stopReplicationToReplica(c *call, in *secretInput) (any, error) {
	s, err := c.secret(in.SecretID)
	if err != nil {
		return nil, err
	}
	if s.primary == nil {
		return nil, errorf("InvalidRequestException", "The secret is not a replica.")
	}
	from := s.primary
	from.replicas = slices.DeleteFunc(from.replicas, func(r *secret) bool { return r == s })
	s.primary, s.description, s.kind, s.tags, s.changed = nil, from.description, from.kind, maps.Clone(from.tags), c.lab.Now()
	s.versions = map[string]*version{}
	for id, v := range from.versions {
		copied := *v
		copied.labels, copied.keys = slices.Clone(v.labels), []string{s.keyID}
		s.versions[id] = &copied
	}
	return struct{ ARN string }{s.arn}, nil
}
