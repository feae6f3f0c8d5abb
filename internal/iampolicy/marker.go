package iampolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// Marker stands in the Sid of the first statement of a role policy and says for what it was written, and in which create. IAM allows
// only letters and digits there, so the owner is named by a part of its ARN's SHA-256 sum.
type Marker struct {
	Kind       string // "Setup" for the policy of one secret, "Access" for that of a function
	OwnerHash  string // first 12 lower-case hexadecimal digits of the SHA-256 sum of the ARN of the secret or function
	Generation int    // number of the create that wrote the policy, not negative
}

var markerPattern = regexp.MustCompile(`^Rotation(Setup|Access)([0-9a-f]{12})Create(0|[1-9][0-9]{0,8})$`)

// NewMarker returns the marker of a create for the secret, or the function, with the full ARN given.
func NewMarker(ownerARN string, generation int) Marker {
	kind := "Setup"
	if strings.Contains(ownerARN, ":lambda:") {
		kind = "Access"
	}
	return Marker{Kind: kind, OwnerHash: hashARN(ownerARN), Generation: generation}
}

// FindMarker reads the marker of a role policy. It reports false for a policy that no setup and no function access wrote.
func FindMarker(d Document) (Marker, bool) {
	if len(d.Statements) == 0 {
		return Marker{}, false
	}
	m := markerPattern.FindStringSubmatch(d.Statements[0].Sid)
	if m == nil {
		return Marker{}, false
	}
	generation, err := strconv.Atoi(m[3])
	return Marker{Kind: m[1], OwnerHash: m[2], Generation: generation}, err == nil
}

// Sid returns the statement id that carries the marker, for example "RotationSetup0123456789abCreate1".
func (m Marker) Sid() string {
	return "Rotation" + m.Kind + m.OwnerHash + "Create" + strconv.Itoa(m.Generation)
}

// Owns reports whether the marker is one of the secret or function with the full ARN given, whatever the create.
func (m Marker) Owns(ownerARN string) bool {
	return m.OwnerHash == hashARN(ownerARN)
}

func hashARN(ownerARN string) string {
	sum := sha256.Sum256([]byte(ownerARN))
	return hex.EncodeToString(sum[:6])
}
