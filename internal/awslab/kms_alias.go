package awslab

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

type keyAliasInput struct {
	AliasName   string
	TargetKeyID string `json:"TargetKeyId"`
}

var keyAliasPattern = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)

func (in keyAliasInput) check() error {
	if err := lengthOf("aliasName", in.AliasName, 1, 256); err != nil {
		return err
	}
	switch {
	case !keyAliasPattern.MatchString(in.AliasName):
		return errorf("ValidationException", "Alias must start with the prefix \"alias/\" and hold only letters, digits, slashes, underscores and hyphens. Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")
	case strings.HasPrefix(in.AliasName, "alias/aws/"):
		return errorf("NotAuthorizedException", "")
	}
	return nil
}

// mayAlias checks the permission that operations on aliases need on the alias,
// besides that on the key.
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html.
func (c *call) mayAlias(name string) (aliasARN string, err error) {
	aliasARN = c.lab.kms.arn(c.region, name)
	return aliasARN, c.may("kms:"+c.operation, aliasARN, nil, nil)
}

func createKeyAlias(c *call, in *keyAliasInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	aliasARN, err := c.mayAlias(in.AliasName)
	if err != nil {
		return nil, err
	}
	k, err := c.liveKey(in.TargetKeyID)
	if err != nil {
		return nil, err
	}
	if c.lab.kms.aliases[aliasARN] != nil {
		return nil, errorf("AlreadyExistsException", "An alias with the name %s already exists", aliasARN)
	}
	now := c.lab.Now()
	c.lab.kms.aliases[aliasARN] = &keyAlias{name: in.AliasName, arn: aliasARN, key: k, created: now, changed: now}
	return nil, nil
}

// updateKeyAlias points an alias to another key; the caller needs permission on
// both keys.
func updateKeyAlias(c *call, in *keyAliasInput) (any, error) {
	a, err := c.existingAlias(in)
	if err != nil {
		return nil, err
	}
	k, err := c.liveKey(in.TargetKeyID)
	if err != nil {
		return nil, err
	}
	a.key, a.changed = k, c.lab.Now()
	return nil, nil
}

func deleteKeyAlias(c *call, in *keyAliasInput) (any, error) {
	a, err := c.existingAlias(in)
	if err != nil {
		return nil, err
	}
	delete(c.lab.kms.aliases, a.arn)
	return nil, nil
}

func (c *call) existingAlias(in *keyAliasInput) (*keyAlias, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	aliasARN, err := c.mayAlias(in.AliasName)
	if err != nil {
		return nil, err
	}
	a := c.lab.kms.aliases[aliasARN]
	if a == nil {
		return nil, errorf("NotFoundException", "Alias %s is not found.", aliasARN)
	}
	return a, c.mayOnKey(a.key, c.operation, nil, "")
}

func listKeyAliases(c *call, in *struct {
	keyInput
	pageInput
},
) (any, error) {
	if err := c.may("kms:ListAliases", "*", nil, nil); err != nil {
		return nil, err
	}
	var of *kmsKey
	if in.KeyID != "" {
		k, _, err := c.findKey(in.KeyID)
		if err != nil {
			return nil, err
		}
		of = k
	}
	type listed struct {
		AliasName, AliasArn           string
		TargetKeyID                   string `json:"TargetKeyId"`
		CreationDate, LastUpdatedDate epoch
	}
	all := []listed{}
	for _, a := range c.lab.kms.aliases {
		if a.key.region == c.region && (of == nil || a.key == of) {
			all = append(all, listed{a.name, a.arn, a.key.id, epoch{a.created}, epoch{a.changed}})
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Compare(a.AliasName, b.AliasName) })
	aliases, next, err := pageOfKeys(in.pageInput, 50, all)
	if err != nil {
		return nil, err
	}
	return struct {
		Aliases    []listed
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{aliases, next, next != ""}, nil
}
