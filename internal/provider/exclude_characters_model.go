package provider

import (
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// excludeCharactersDescription is for the function and the data source.
const excludeCharactersDescription = "The characters to keep out of the passwords of a rotation type or an engine: what the rotation function excludes by default, what the engine refuses, and what does harm where the password is used, each with its reasons. " +
	"It is for `exclude_characters` of `aws_secretsmanager_random_password` and for the rotation function's variable `EXCLUDE_CHARACTERS`, so that the first password and every later one are alike; " +
	"[`rotation_random_password`](../ephemeral-resources/random_password.md) leaves them out by itself. The result contains what that variable must contain, and leaves characters of every class that `require_each_included_type` asks for."

// excludeCharactersByHand shows how such characters are written in HCL.
const excludeCharactersByHand = "Written by hand in HCL, `\"` is `\\\"`, `\\` is `\\\\`, `${` is `$${` and `%{` is `%%{`; a `$` or `%` before anything else stands for itself. " +
	"For example, the characters `:/@\"'\\` are `\":/@\\\"'\\\\\"`. A reference to this result needs none of that.\n\n" +
	"`random_password` of `hashicorp/random` has no such argument: its `override_special` lists the special characters to use, not those to leave out."

// contextList describes the values of an argument that names contexts. It is
// indented so far that it belongs to its argument in bulleted and in numbered
// lists.
var contextList = func() string {
	var b strings.Builder
	for _, c := range catalog.Contexts() {
		b.WriteString("\n    - `" + c.Name + "`: " + c.Description)
	}
	return b.String()
}()

// exclusionModel is what not to use in passwords, as functions and data sources
// give it to a configuration.
type exclusionModel struct {
	ExcludeCharacters  string            `tfsdk:"exclude_characters"`
	ExcludePunctuation bool              `tfsdk:"exclude_punctuation"`
	Reasons            map[string]string `tfsdk:"reasons"`
	Notes              []string          `tfsdk:"notes"`
}

func exclusionAttributes() attributes {
	return attributes{
		"exclude_characters":  computedString("The characters, as `exclude_characters` and `EXCLUDE_CHARACTERS` take them."),
		"exclude_punctuation": computedFlag("Whether the target takes letters and digits only, so that `exclude_punctuation` is needed besides. It is true for the first password of a Timestream for InfluxDB instance only."),
		"reasons":             computedMap("Why each of the characters is excluded, by character."),
		"notes":               computedStrings("What else to know: constraints that are not about characters, and where none is known."),
	}
}

func exclusionOf(e catalog.Exclusion) exclusionModel {
	m := exclusionModel{ExcludeCharacters: e.String(), ExcludePunctuation: e.ExcludePunctuation, Reasons: map[string]string{}, Notes: append([]string{}, e.Notes...)}
	for _, c := range e.Characters {
		m.Reasons[string(c.Character)] = strings.Join(c.Reasons, "; ")
	}
	return m
}

func contextNames() []string {
	var names []string
	for _, c := range catalog.Contexts() {
		names = append(names, c.Name)
	}
	return names
}
