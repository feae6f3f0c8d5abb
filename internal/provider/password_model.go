package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// maxPasswordLength is what GetRandomPassword takes, of the length as of the
// characters to exclude.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html.
const maxPasswordLength = 4096

// passwordModel are the arguments of a generated password, which have the names
// that they have at Secrets Manager.
type passwordModel struct {
	Contexts                types.Set    `tfsdk:"contexts"`
	PasswordLength          types.Int64  `tfsdk:"password_length"`
	ExcludeCharacters       types.String `tfsdk:"exclude_characters"`
	ExcludeLowercase        types.Bool   `tfsdk:"exclude_lowercase"`
	ExcludeNumbers          types.Bool   `tfsdk:"exclude_numbers"`
	ExcludePunctuation      types.Bool   `tfsdk:"exclude_punctuation"`
	ExcludeUppercase        types.Bool   `tfsdk:"exclude_uppercase"`
	IncludeSpace            types.Bool   `tfsdk:"include_space"`
	RequireEachIncludedType types.Bool   `tfsdk:"require_each_included_type"`
}

// The descriptions of these arguments.
var (
	passwordFlags = map[string]string{
		"exclude_lowercase":          "Whether to exclude lower-case letters. Default: false.",
		"exclude_numbers":            "Whether to exclude digits. Default: false.",
		"exclude_punctuation":        "Whether to exclude punctuation. Default: false. Where the engine takes letters and digits only it is excluded in any case.",
		"exclude_uppercase":          "Whether to exclude upper-case letters. Default: false.",
		"include_space":              "Whether the password may have spaces. Default: false.",
		"require_each_included_type": "Whether the password has at least one character of each class that is not excluded. Default: true.",
	}
	passwordContexts = "Where the password is used, any of:" + contextList
)

const (
	passwordLength  = "Length of the password. Default: what the rotation function uses, 32 for most types. A length that the engine is known to refuse is an error."
	passwordExclude = "Further characters to exclude. Those of the type, the engine and the contexts are excluded in any case."
)

// request is what Secrets Manager is asked for, nil if there is no such password. It
// reports what is wrong with the arguments, all of which are known; at is where they
// stand.
func (m passwordModel) request(ctx context.Context, rotationType string, at path.Path, diags *diag.Diagnostics) *secretsmanager.GetRandomPasswordInput {
	t, ok := catalog.Lookup(rotationType)
	if !ok {
		return nil // The attribute's validator has said so.
	}
	wrong := func(attribute, thing, detail string) {
		where := path.Root(attribute)
		if len(at.Steps()) > 0 { // The CLI points to the resource as a whole for an attribute of an object.
			where = at
			if attribute != "rotation_type" {
				detail = "`" + at.AtName(attribute).String() + "`: " + detail
			}
		}
		diags.AddAttributeError(where, "Invalid "+thing, detail)
	}
	var names []types.String
	diags.Append(m.Contexts.ElementsAs(ctx, &names, false)...)
	var contexts []string
	for _, name := range names {
		if passwordContext.wrong(name.ValueString()) != "" {
			return nil // The attribute's validators have said so.
		}
		contexts = append(contexts, name.ValueString())
	}
	slices.Sort(contexts)
	exclusion, err := t.ExcludeCharacters(contexts...)
	if err != nil {
		wrong("rotation_type", "rotation type", sentence(err.Error()))
		return nil
	}
	excluded := exclusion.String()
	for _, r := range m.ExcludeCharacters.ValueString() {
		if !strings.ContainsRune(excluded, r) {
			excluded += string(r)
		}
	}
	if utf8.RuneCountInString(excluded) > maxPasswordLength {
		wrong("exclude_characters", "characters to exclude", fmt.Sprintf("Secrets Manager takes at most %d characters to exclude.", maxPasswordLength))
	}
	length := int64(t.Password.Length)
	if !m.PasswordLength.IsNull() {
		length = m.PasswordLength.ValueInt64()
	}
	if exclusion.ExcludePunctuation && !m.ExcludePunctuation.IsNull() && !m.ExcludePunctuation.ValueBool() {
		wrong("exclude_punctuation", "characters to exclude", "A first password for "+t.Name+" has letters and digits only. Remove `exclude_punctuation`.")
	}
	classes := m.classes(t, exclusion, excluded, wrong)
	m.checkLength(t, contexts, length, classes, wrong)
	return &secretsmanager.GetRandomPasswordInput{
		PasswordLength:          &length,
		ExcludeCharacters:       &excluded,
		ExcludeLowercase:        m.ExcludeLowercase.ValueBoolPointer(),
		ExcludeNumbers:          m.ExcludeNumbers.ValueBoolPointer(),
		ExcludePunctuation:      new(m.ExcludePunctuation.ValueBool() || exclusion.ExcludePunctuation),
		ExcludeUppercase:        m.ExcludeUppercase.ValueBoolPointer(),
		IncludeSpace:            m.IncludeSpace.ValueBoolPointer(),
		RequireEachIncludedType: new(m.requireEach()),
	}
}

func (m passwordModel) requireEach() bool {
	return m.RequireEachIncludedType.IsNull() || m.RequireEachIncludedType.ValueBool()
}

// classes checks the classes of characters and returns how many are not
// excluded.
func (m passwordModel) classes(t *catalog.RotationType, exclusion catalog.Exclusion, excluded string, wrong func(attribute, thing, detail string)) int {
	included, left := 0, 0
	for _, class := range []struct {
		catalog.Class
		attribute, words string
		excluded         bool
	}{
		{catalog.Lower, "exclude_lowercase", "lower-case letters", m.ExcludeLowercase.ValueBool()},
		{catalog.Upper, "exclude_uppercase", "upper-case letters", m.ExcludeUppercase.ValueBool()},
		{catalog.Digits, "exclude_numbers", "digits", m.ExcludeNumbers.ValueBool()},
		{catalog.Punctuation, "exclude_punctuation", "punctuation", m.ExcludePunctuation.ValueBool() || exclusion.ExcludePunctuation},
	} {
		needed := slices.Contains(t.RequiredClasses(), class.Class)
		switch remains := strings.Trim(class.Characters(), excluded) != ""; {
		case class.excluded && needed:
			wrong(class.attribute, "characters to exclude", "A password for "+t.Name+" needs "+class.words+". Remove `"+class.attribute+"`.")
		case class.excluded:
		case !remains && (m.requireEach() || needed):
			detail := "`exclude_characters` leaves no " + class.words + "."
			if needed {
				detail += " A password for " + t.Name + " needs some."
			} else {
				detail += " Leave some, or set `" + class.attribute + " = true` to do without them."
			}
			wrong("exclude_characters", "characters to exclude", detail)
		default:
			included++
			if remains {
				left++
			}
		}
	}
	if len(t.RequiredClasses()) > 0 && !m.requireEach() {
		wrong("require_each_included_type", "required characters", "The engine refuses a password for "+t.Name+" without upper-case letters, lower-case letters or digits. Remove `require_each_included_type`.")
	}
	if left == 0 && (!m.IncludeSpace.ValueBool() || strings.Contains(excluded, " ")) {
		wrong("rotation_type", "characters to exclude", "No character is left for a password.")
	}
	return included
}

// checkLength checks the length of the password.
func (m passwordModel) checkLength(t *catalog.RotationType, contexts []string, length int64, classes int, wrong func(attribute, thing, detail string)) {
	shortest, longest := t.PasswordLengths(contexts...)
	low, high, who := int64(max(shortest, 1)), int64(longest), "A password for "+t.Name
	if slices.Contains(contexts, catalog.MasterUser) {
		who = "The master user's password for " + t.Name
	}
	if longest == 0 {
		high = maxPasswordLength
	}
	switch {
	case length < low || length > high:
		wrong("password_length", "password length", fmt.Sprintf("%s has %d to %d characters, not %d.", who, low, high, length))
	case m.requireEach() && length < int64(classes):
		wrong("password_length", "password length", fmt.Sprintf("A password of %d characters has no room for one of each of %d classes of characters.", length, classes))
	}
}
