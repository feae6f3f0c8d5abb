package catalog

// custom is the generic template, and stands for any function whose contract is not known.
var custom = &RotationType{
	Name:          "Custom",
	Application:   "SecretsManagerRotationTemplate",
	Engine:        "other",
	Strategy:      CustomStrategy,
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   []Variable{endpointVariable, excludeVariable(`/@"'\`)},
	Errors:        customErrors,
	Differences:   []Difference{tokenDifference},
	ReplacesValue: true,
	Notes: []string{
		"setSecret and testSecret of the template are left for its user to write, and fail until then.",
		"createSecret of the template stores the bare password as the whole value.",
	},
}
