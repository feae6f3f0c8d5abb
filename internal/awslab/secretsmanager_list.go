package awslab

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

type listSecretsInput struct {
	Filters                []secretFilter
	IncludePlannedDeletion bool
	MaxResults             *int64
	NextToken              string
	SortOrder, SortBy      string
}

type secretFilter struct {
	Key    string
	Values []string
}

// listSecrets follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html.
func listSecrets(c *call, in *listSecretsInput) (any, error) {
	if err := cmp.Or(upTo("maxResults", in.MaxResults, 100), checkFilters(in.Filters)); err != nil {
		return nil, err
	}
	if err := c.may("secretsmanager:ListSecrets", "*", nil, nil); err != nil {
		return nil, err
	}
	found := c.lab.secrets.list(c.region, in.Filters, in.IncludePlannedDeletion)
	slices.SortFunc(found, func(a, b *secret) int {
		order := a.created.Compare(b.created)
		switch in.SortBy {
		case "name":
			order = cmp.Compare(a.name, b.name)
		case "last-changed-date":
			order = a.source().changed.Compare(b.source().changed)
		case "last-accessed-date":
			order = a.accessed.Compare(b.accessed)
		}
		order = cmp.Or(order, cmp.Compare(a.arn, b.arn))
		if in.SortOrder == "asc" {
			return order
		}
		return -order // AWS lists the newest first.
	})
	if in.MaxResults == nil {
		in.MaxResults = new(int64(100))
	}
	found, next, err := page(found, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	answer := struct {
		SecretList []secretDescription
		NextToken  string `json:",omitempty"`
	}{SecretList: []secretDescription{}, NextToken: next}
	for _, s := range found {
		d := s.describe()
		d.SecretVersionsToStages = s.source().stages()
		answer.SecretList = append(answer.SecretList, d)
	}
	return answer, nil
}

var filterKeys = []string{"description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"}

func checkFilters(filters []secretFilter) error {
	for _, f := range filters {
		if !slices.Contains(filterKeys, f.Key) {
			return constraint("filters.key", "Member must satisfy enum value set: [%s]", strings.Join(filterKeys, ", "))
		}
		if len(f.Values) == 0 || len(f.Values) > 10 {
			return constraint("filters.values", "Member must have length between 1 and 10")
		}
	}
	return nil
}

// list returns the secrets of a Region that pass every filter.
func (s *secretsState) list(region string, filters []secretFilter, deleted bool) []*secret {
	var found []*secret
	for _, candidate := range s.secrets {
		if candidate.region == region && (deleted || candidate.deletion.IsZero()) &&
			!slices.ContainsFunc(filters, func(f secretFilter) bool { return !f.passes(candidate) }) {
			found = append(found, candidate)
		}
	}
	return found
}

// passes reports whether one of the values matches: by prefix, as AWS does,
// and without regard to case except for names and tags.
func (f secretFilter) passes(s *secret) bool {
	from := s.source()
	var texts []string
	switch f.Key {
	case "name":
		texts = []string{s.name}
	case "description":
		texts = strings.Fields(strings.ToLower(from.description))
	case "tag-key":
		texts = slices.Collect(maps.Keys(from.tags))
	case "tag-value":
		texts = slices.Collect(maps.Values(from.tags))
	case "primary-region":
		texts = []string{from.region}
	case "owning-service":
		texts = []string{from.owner}
	case "all":
		texts = slices.Concat([]string{s.name, from.region, from.owner}, strings.Fields(from.description), slices.Collect(maps.Keys(from.tags)), slices.Collect(maps.Values(from.tags)))
		for i := range texts {
			texts[i] = strings.ToLower(texts[i])
		}
	}
	for _, value := range f.Values {
		value, negated := strings.CutPrefix(value, "!")
		if f.Key == "all" || f.Key == "description" {
			value = strings.ToLower(value)
		}
		if slices.ContainsFunc(texts, func(t string) bool { return strings.HasPrefix(t, value) }) != negated {
			return true
		}
	}
	return false
}

type batchGetSecretValueInput struct {
	SecretIDList []string `json:"SecretIdList"`
	Filters      []secretFilter
	MaxResults   *int64
	NextToken    string
}

// batchGetSecretValue follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html.
// The caller needs GetSecretValue on each secret besides.
func batchGetSecretValue(c *call, in *batchGetSecretValueInput) (any, error) {
	if (len(in.SecretIDList) > 0) == (len(in.Filters) > 0) {
		return nil, errorf("InvalidParameterException", "Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	}
	if len(in.Filters) == 0 && in.MaxResults != nil {
		return nil, errorf("InvalidParameterException", "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	}
	if err := cmp.Or(upTo("maxResults", in.MaxResults, 20), checkFilters(in.Filters)); err != nil {
		return nil, err
	}
	if len(in.SecretIDList) > 20 {
		return nil, constraint("secretIdList", "Member must have length less than or equal to 20")
	}
	if err := c.may("secretsmanager:BatchGetSecretValue", "*", nil, nil); err != nil {
		return nil, err
	}
	ids := in.SecretIDList
	if len(in.Filters) > 0 {
		for _, s := range c.lab.secrets.list(c.region, in.Filters, false) {
			ids = append(ids, s.arn)
		}
		slices.Sort(ids)
		if in.MaxResults == nil {
			in.MaxResults = new(int64(20))
		}
	}
	ids, next, err := page(ids, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	type failure struct {
		SecretID           string `json:"SecretId"`
		ErrorCode, Message string
	}
	answer := struct {
		SecretValues []*secretValue
		Errors       []failure
		NextToken    string `json:",omitempty"`
	}{SecretValues: []*secretValue{}, Errors: []failure{}, NextToken: next}
	for _, id := range ids {
		found, err := c.read(getSecretValueInput{secretInput: secretInput{id}})
		if err != nil {
			answer.Errors = append(answer.Errors, failure{id, asAPIError(err).Code, asAPIError(err).Message})
			continue
		}
		answer.SecretValues = append(answer.SecretValues, found)
	}
	return answer, nil
}
