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
	for field := range clients.Fields() {
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		for method := range field.Type.Methods() {
			if action := strings.ToLower(field.Name) + ":" + method.Name; !strings.Contains(string(page), "`"+action+"`") {
				t.Errorf("The guide lacks `%s`.", action)
			}
		}
	}
}
