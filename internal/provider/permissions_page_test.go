package provider

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// TestPermissionsPage has every call that the provider can make in the guide on
// its permissions.
func TestPermissionsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../templates/guides/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	clients := reflect.TypeFor[awsapi.Clients]()
	for i := range clients.NumField() {
		field := clients.Field(i)
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		for j := range field.Type.NumMethod() {
			if action := strings.ToLower(field.Name) + ":" + field.Type.Method(j).Name; !strings.Contains(string(page), "`"+action+"`") {
				t.Errorf("The guide lacks `%s`.", action)
			}
		}
	}
}
