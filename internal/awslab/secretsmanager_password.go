package awslab

import (
	"crypto/rand"
	"math/big"
	"strings"
)

type getRandomPasswordInput struct {
	PasswordLength                                                         *int64
	ExcludeCharacters                                                      string
	ExcludeNumbers, ExcludePunctuation, ExcludeUppercase, ExcludeLowercase bool
	IncludeSpace                                                           bool
	RequireEachIncludedType                                                *bool
}

// getRandomPassword follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html.
func getRandomPassword(c *call, in *getRandomPasswordInput) (any, error) {
	if err := upTo("passwordLength", in.PasswordLength, 4096); err != nil {
		return nil, err
	}
	if err := lengthOf("excludeCharacters", in.ExcludeCharacters, 0, 4096); err != nil {
		return nil, err
	}
	if err := c.may("secretsmanager:GetRandomPassword", "*", nil, nil); err != nil {
		return nil, err
	}
	password, err := in.password()
	if err != nil {
		return nil, err
	}
	return struct{ RandomPassword string }{password}, nil
}

func (in *getRandomPasswordInput) password() (string, error) {
	length, eachType := int64(32), true
	if in.PasswordLength != nil {
		length = *in.PasswordLength
	}
	if in.RequireEachIncludedType != nil {
		eachType = *in.RequireEachIncludedType
	}
	keep := func(r rune) rune {
		if strings.ContainsRune(in.ExcludeCharacters, r) {
			return -1
		}
		return r
	}
	var all strings.Builder
	var types []string // what is left of each type that is switched on
	for _, t := range []struct {
		off        bool
		characters string
	}{
		{in.ExcludeLowercase, "abcdefghijklmnopqrstuvwxyz"},
		{in.ExcludeUppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{in.ExcludeNumbers, "0123456789"},
		{in.ExcludePunctuation, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
	} {
		if !t.off {
			left := strings.Map(keep, t.characters)
			types = append(types, left)
			all.WriteString(left)
		}
	}
	if in.IncludeSpace {
		all.WriteString(strings.Map(keep, " ")) // Space is not a type that can be required.
	}
	if all.Len() == 0 {
		return "", errorf("InvalidParameterException", "All characters have been excluded from selection.")
	}
	var drawn []byte
	if eachType {
		for _, left := range types {
			if left == "" {
				return "", errorf("InvalidParameterException", "All characters of the desired type have been excluded.")
			}
			drawn = append(drawn, randomString(left, 1)...)
		}
		if int64(len(types)) > length {
			return "", errorf("InvalidParameterException", "Password length is too short based on the required types.")
		}
	}
	drawn = append(drawn, randomString(all.String(), int(length)-len(drawn))...)
	for i := len(drawn) - 1; i > 0; i-- {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(i)+1))
		if err != nil {
			return "", err
		}
		drawn[i], drawn[n.Int64()] = drawn[n.Int64()], drawn[i]
	}
	return string(drawn), nil
}
