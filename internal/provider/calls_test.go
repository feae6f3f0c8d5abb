package provider

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// TestPlanAsksOnce plans two setups of one function with everything that there is
// to check: a VPC with endpoints, a database in it, a superuser secret that RDS
// manages, a customer managed key. A plan asks for each fact once, and the second
// only for what is its own. The README has the numbers.
func TestPlanAsksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	network := w.NewNetwork(labtest.Network{NAT: true, Endpoints: []string{"secretsmanager", "rds"}})
	_, err := w.Roles.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &w.Role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole")})
	w.Must(err)
	_, err = w.Functions.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &w.FunctionARN, VpcConfig: network.Config()})
	w.Must(err)
	const host = "orders.abc123.eu-west-1.rds.amazonaws.com"
	database := w.AddDBInstance(awslab.DBInstance{
		Identifier: "orders", Engine: "postgres", Host: host, Port: 5432,
		DatabaseNetwork: awslab.DatabaseNetwork{SubnetIDs: network.PrivateSubnets, SecurityGroupIDs: []string{network.DatabaseGroup}},
	})
	superuser, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-orders", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7, "aws:rds:primaryDBInstanceArn", database)
	w.Must(err)
	key := w.NewKey()
	setup := func(name string) object {
		value := object{"engine": "postgres", "host": host, "username": name, "password": firstPassword, "masterarn": superuser}
		secret, err := w.Secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, KmsKeyId: &key, SecretString: aws.String(encoded(t, value))})
		w.Must(err)
		return with(w.arguments(), object{"secret_id": *secret.ARN, "rotation_type": "PostgreSQLMultiUser", "superuser_secret_arn": superuser})
	}
	setups := []object{setup("first"), setup("second")}
	s := newServer(t, w)
	expect(t, s.configure(w.block()))
	var asked []string
	for i, setup := range setups {
		w.ForgetCalls()
		expect(t, s.planCreate(setup))
		calls := w.Calls()
		for _, c := range calls {
			fact := fmt.Sprintln(c.Region, c, c.Target, c.Detail)
			if slices.Contains(asked, fact) {
				t.Errorf("plan %d asks again: %s", i+1, fact)
			}
			asked = append(asked, fact)
		}
		if want := []int{33, 5}[i]; len(calls) != want {
			t.Errorf("plan %d has made %d calls, not %d", i+1, len(calls), want)
		}
	}
}
