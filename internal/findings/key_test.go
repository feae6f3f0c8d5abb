package findings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeyUsable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		key  Key
		want []string
		text string
	}{
		"enabled":                    {Key{State: "Enabled", Owner: "CUSTOMER"}, nil, ""},
		"being updated":              {Key{State: "Updating", Owner: "CUSTOMER"}, nil, ""},
		"not known":                  {Key{}, []string{"info kms-key-unusable"}, "could not be read"},
		"disabled":                   {Key{State: "Disabled"}, []string{"error kms-key-unusable"}, "is disabled, and nobody"},
		"deleted":                    {Key{State: "PendingDeletion"}, []string{"error kms-key-unusable"}, "cancel-key-deletion"},
		"deleted after its replicas": {Key{State: "PendingReplicaDeletion"}, []string{"error kms-key-unusable"}, "cancel-key-deletion"},
		"without material":           {Key{State: "PendingImport"}, []string{"error kms-key-unusable"}, "Import its key material."},
		"out of reach":               {Key{State: "Unavailable"}, []string{"error kms-key-unusable"}, "Connect the custom key store."},
		"missing":                    {Key{State: KeyMissing}, []string{"error kms-key-unusable"}, "does not exist"},
		"of AWS":                     {Key{State: "Enabled", Owner: "AWS"}, nil, ""},
		"unseen":                     {Key{Unseen: []string{"kms:DescribeKey", "kms:GetKeyPolicy"}}, []string{"info kms-key-unusable"}, "these credentials lack `kms:DescribeKey` and `kms:GetKeyPolicy`."},
		"unseen policy":              {Key{State: "Disabled", Unseen: []string{"kms:GetKeyPolicy"}}, []string{"error kms-key-unusable", "info kms-key-unusable"}, orders},
	}
	for name, test := range tests {
		test.key.ARN = ordersKey
		found := KeyUsable(test.key, orders)
		checkWording(t, found)
		if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if test.text != "" && !strings.Contains(found[0].Detail+" "+found[0].Remedy, test.text) {
			t.Errorf("%s: %q is not in %+v", name, test.text, found[0])
		}
	}
	found := KeyUsable(Key{ARN: ordersKey, State: "Disabled"}, "")
	checkWording(t, found)
	if len(found) != 1 || found[0].Detail != "The key "+ordersKey+" is disabled, and nobody can read or write the values of its secrets." {
		t.Errorf("of a key whose secret is not known: %+v", found)
	}
}
