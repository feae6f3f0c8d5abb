package rotation_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// somebodyRotates adds an actor who asks for rotations, and now and then for another
// schedule.
func (w *raceWorld) somebodyRotates(times int) {
	w.add("somebody", func(a *actor) {
		for range times {
			a.pause()
			if len(w.history) == 0 { // Too early: AWS will soon give up.
				a.pause()
			}
			if a.reaches(point{call: "RotateSecret"}) == goesOn {
				w.rotate(!w.chance(4))
			}
		}
	})
}

// personActs adds an actor who changes the secret by hand: moves labels that are
// not AWS's own, or stores another value. A person looks before that, keeps the
// password, and is quick.
func (w *raceWorld) personActs(times int) {
	w.add("person", func(a *actor) {
		for i := range times {
			a.pause()
			if a.reaches(point{call: "acts by hand"}) != goesOn {
				return
			}
			switch w.random.IntN(4) {
			case 0:
				w.moveLabels("")
			case 1:
				w.moveLabels(versionWith(w.Describe(), "AWSPREVIOUS"))
			default:
				w.putByHand(i)
			}
			a.pause()
			if a.reaches(point{call: "tidies"}) == goesOn {
				w.dropLeftByHand()
			}
		}
	})
}

// moveLabels moves all labels that are not AWS's own; to nowhere if that is "".
func (w *raceWorld) moveLabels(to string) {
	for version, labels := range w.Describe().VersionIdsToStages {
		for _, label := range labels {
			if !strings.HasPrefix(label, "AWS") {
				w.moveLabel(label, version, to)
				w.figures.count("labels moved by hand")
			}
		}
	}
}

func (w *raceWorld) moveLabel(label, from, to string) {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &w.SecretARN, VersionStage: &label, RemoveFromVersionId: &from}
	if to != "" {
		in.MoveToVersionId = &to
	}
	_, err := w.Secrets.UpdateSecretVersionStage(w.t.Context(), in)
	w.Must(err)
}

// putByHand stores another value with the same password, unless a rotation is under
// way. If the last one has left AWSPENDING, that is then on another version than
// AWSCURRENT, as if it had not finished.
func (w *raceWorld) putByHand(n int) {
	before := w.Describe()
	if versionWith(before, "AWSCURRENT") == "" || pendingElsewhere(before) != "" {
		return
	}
	out, err := w.Secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &w.SecretARN})
	w.Must(err)
	var value map[string]json.RawMessage
	w.Must(json.Unmarshal([]byte(*out.SecretString), &value))
	value["hand"] = json.RawMessage(fmt.Sprint(n))
	text, err := json.Marshal(value)
	w.Must(err)
	_, err = w.Secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: aws.String(string(text))})
	w.Must(err)
	w.leftByHand = versionWith(before, "AWSPENDING")
	w.figures.count("values by hand")
}

// dropLeftByHand drops AWSPENDING where a person has left it.
func (w *raceWorld) dropLeftByHand() {
	if w.leftByHand != "" && pendingElsewhere(w.Describe()) == w.leftByHand {
		w.moveLabel("AWSPENDING", w.leftByHand, "")
	}
}
