package catalog

// SourceCommit is the commit of https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas that the types follow, and SourceDate
// its date. What AWS deploys may differ from it, and the repository has gone on: since March 2026 the functions refuse an event whose
// fields are missing or not printable ASCII, since April 2026 the ones for Redshift use another driver.
const (
	SourceCommit = "b4b8eca63e1f61bbcfb18c291b640f4fc3b0deb8"
	SourceDate   = "2025-02-25"
)

// ApplicationARN returns the ARN of the application in the Serverless Application Repository that deploys the function in a partition
// ("aws", "aws-cn", "aws-us-gov"), and false for any other partition. That the application exists is known of Hosted types only.
func (t *RotationType) ApplicationARN(partition string) (string, bool) {
	owner, ok := map[string]string{
		"aws":        "us-east-1:297356227824",
		"aws-cn":     "cn-north-1:193023089310",
		"aws-us-gov": "us-gov-west-1:023102451235",
	}[partition]
	if !ok {
		return "", false
	}
	return "arn:" + partition + ":serverlessrepo:" + owner + ":applications/" + t.Application, true
}
