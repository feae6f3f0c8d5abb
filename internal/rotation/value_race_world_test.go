package rotation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// raceWorld is a lab beside a real PostgreSQL, with one secret that rotates and
// everybody who uses it at the same time. It watches AWSCURRENT, the database and
// the rotations.
type raceWorld struct {
	*labtest.World
	*interleaving
	t            *testing.T
	server       *pgserver.Server
	user         pgserver.Database
	rotationType *catalog.RotationType
	superusers   []string // ARNs of secrets that are good for masterarn
	first        map[string]string
	configured   bool // rotation has been switched on

	clock *actor // who moves the time, and with it the rotation function
	moves time.Duration

	history    []heldValue
	replaced   map[string]bool          // passwords that a rotation has replaced
	deliberate map[string]bool          // passwords that an apply is told to write
	matched    map[string]bool          // versions whose password a person has given the database
	accepted   string                   // the last version whose password PostgreSQL was asked for
	leftByHand string                   // the version on which a person has left AWSPENDING
	seen       int                      // rotation events
	began      []int                    // steps at which rotations began
	last       map[string]*applyProcess // by apply
	applied    []applied
	// How many calls of the function fail, and how many processes and calls of
	// applies have a misfortune, at the most.
	failures, misfortunes int
	residue               bool // a rotation began between the last look and the move of an apply

	figures raceFigures
	wrong   []string
}

// heldValue is a value that AWSCURRENT had.
type heldValue struct {
	version string
	members map[string]string
}

// raceRules are the schedules of the secret. Under the first one windows open while
// the applies run.
var raceRules = []*types.RotationRulesType{
	{ScheduleExpression: aws.String("rate(4 hours)"), Duration: aws.String("1h")},
	{AutomaticallyAfterDays: aws.Int64(30)},
}

// newRaceWorld makes a world by the seed. Its secret has a value and rotates, unless
// it is to get its first value in the race.
func newRaceWorld(t *testing.T, rotationType string, seed uint64) *raceWorld {
	t.Helper()
	w := &raceWorld{
		World: labtest.Empty(t), t: t, server: pgtest.Server(t),
		replaced: map[string]bool{}, deliberate: map[string]bool{}, matched: map[string]bool{}, last: map[string]*applyProcess{},
	}
	w.interleaving = newInterleaving(w.Lab, seed)
	t.Cleanup(w.end)
	var err error
	w.user, err = w.server.NewUser(t.Context())
	w.Must(err)
	w.rotationType, _ = catalog.Lookup(rotationType)
	// The rotation function need not try TLS first.
	w.first = map[string]string{
		"host": w.server.Host, "port": fmt.Sprint(w.server.Port), "dbname": w.user.Name, "ssl": "false", "username": w.user.Username, "note": "nobody's",
	}
	if w.rotationType.Superuser != nil {
		for i := range 2 {
			w.superusers = append(w.superusers, w.NewSecret(fmt.Sprintf("superuser-%d", i), map[string]any{
				"engine": "postgres", "host": w.server.Host, "port": w.server.Port, "ssl": false,
				"username": pgserver.Superuser, "password": w.server.Password,
			}))
		}
		w.first["masterarn"] = w.superusers[0]
	}
	w.Role = w.NewRole("rotator")
	w.FunctionARN = w.NewFunction("rotator", w.Role, map[string]string{"AWSLAB_HANDLER": rotationType})
	_, err = w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &w.Role, PolicyName: aws.String("rotation"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}`),
	})
	w.Must(err)
	_, err = w.Functions.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &w.FunctionARN, StatementId: aws.String("rotation"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String(iampolicy.ServicePrincipal),
	})
	w.Must(err)
	return w
}

// startsWithValue gives the secret a value, and lets it rotate or has AWS test the
// function.
func (w *raceWorld) startsWithValue() {
	value := map[string]any{"engine": "postgres", "password": w.user.Password}
	for key, text := range w.first {
		value[key] = text
	}
	value["ssl"] = false
	if w.chance(2) {
		value["port"] = w.server.Port
	}
	w.SecretARN = w.NewSecret("database/app", value)
	w.rotate(w.chance(2))
	w.Advance(time.Hour)
	w.observe(theClock)
}

// rotate asks for a rotation, or for another schedule, which has AWS test the
// function.
func (w *raceWorld) rotate(immediately bool) {
	in := &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN, RotateImmediately: &immediately}
	if !immediately || !w.configured {
		in.RotationLambdaARN, in.RotationRules = &w.FunctionARN, raceRules[w.random.IntN(len(raceRules))]
	}
	if _, err := w.Secrets.RotateSecret(w.t.Context(), in); err != nil {
		w.figures.count("rotations refused")
		return
	}
	w.configured = true
}

const (
	theClock     = "time"
	theTime      = "goes by"
	functionCall = "the function's "
)

// addClock adds who moves the time. The rotation function runs inside of that, and
// its calls are points of the same actor.
func (w *raceWorld) addClock() {
	w.clock = w.add(theClock, func(a *actor) {
		for a.reaches(point{call: theTime}) == goesOn {
			w.Advance(w.moves)
		}
	})
	w.clock.fate = func(at point) fate {
		if w.failures == 0 || !strings.HasPrefix(at.call, functionCall) || !w.chance(15) {
			return goesOn
		}
		w.failures--
		w.figures.count("calls of functions failed")
		return []fate{failsBefore, failsAfter}[w.random.IntN(2)]
	}
	w.Inject(awslab.Fault{Service: "secretsmanager", Caller: ":assumed-role/rotator/", Choose: func(c awslab.Call) awslab.Fault {
		failure := awslab.Fault{Code: "AccessDeniedException", Message: "made to fail"}
		select {
		case <-w.over: // The function is on its own again.
			return awslab.Fault{}
		default:
		}
		switch w.clock.reaches(point{call: functionCall + strings.TrimSpace(c.Operation+" "+c.Detail)}) {
		case failsBefore:
			return failure
		case failsAfter:
			failure.DoneFirst = true
			return failure
		}
		return awslab.Fault{}
	}})
}

// howFar is how far the clock moves next: mostly to the next step of a rotation or
// to the next who wakes, sometimes to another window.
func (w *raceWorld) howFar() time.Duration {
	switch next := w.nextWake(); w.random.IntN(10) {
	case 0:
		return w.between(time.Minute, 10*time.Minute)
	case 1:
		if w.chance(4) {
			return w.between(time.Hour, 5*time.Hour)
		}
	case 2, 3, 4:
		if !next.IsZero() {
			return next.Sub(w.Now())
		}
	}
	return time.Second
}

// run lets everybody act until all but the clock have ended.
func (w *raceWorld) run() {
	w.addClock()
	defer w.end()
	const limit = 10000
	for w.step < limit {
		ready := w.ready()
		if len(ready) == 1 && w.nextWake().IsZero() && w.clock.at.call == theTime {
			return // Only the clock is left, and the function does not run.
		}
		a := ready[w.random.IntN(len(ready))]
		w.moves = w.howFar()
		w.after(a, w.choose(a))
	}
	w.violation("there is no end")
}

// after looks at what a step has changed.
func (w *raceWorld) after(a *actor, did point) {
	w.figures.count("steps")
	reads := did.call == "" || did.call == begins || did.call == theTime || strings.Contains(did.call, "GetSecretValue") || strings.Contains(did.call, "DescribeSecret")
	if !reads || len(w.Events()) > w.seen {
		w.observe(a.name)
	}
}

// observe looks at AWSCURRENT, at the rotations that have begun and, whenever none
// is under way, whether PostgreSQL accepts what AWSCURRENT holds.
func (w *raceWorld) observe(by string) {
	now := w.Describe()
	pending := pendingElsewhere(now)
	events := w.Events()
	for _, e := range events[w.seen:] {
		w.figures.count(e.Name)
		if e.Name == "RotationStarted" && pending != "" {
			w.began = append(w.began, w.step)
		}
	}
	w.seen = len(events)
	version := versionWith(now, "AWSCURRENT")
	if version == "" {
		return
	}
	if len(w.history) == 0 || w.holds().version != version {
		w.noteValue(by, heldValue{version, w.members(version)})
	}
	// Who has a password written again gives it to the database, too: as soon as it
	// counts, and not while a rotation changes the password of the same user.
	if password := w.holds().members["password"]; w.deliberate[password] && !w.matched[version] && (pending == "" || w.rotationType.Superuser != nil) {
		w.matched[version] = true
		w.setPassword(w.holds().members["username"], password)
	}
	switch {
	case pending != "":
		w.accepted = ""
	case w.accepted != version:
		w.accepted = version
		if !w.accepts() {
			w.violation("no rotation is under way, and PostgreSQL does not accept what AWSCURRENT holds")
		}
	}
}

// holds is the value that AWSCURRENT has.
func (w *raceWorld) holds() heldValue { return w.history[len(w.history)-1] }

func (w *raceWorld) noteValue(by string, held heldValue) {
	password := held.members["password"]
	if len(w.history) > 0 && by == theClock {
		if before := w.holds().members["password"]; before != password {
			w.replaced[before] = true
		}
	}
	process := w.last[by]
	switch {
	case process != nil && process.create && len(w.history) > 0:
		w.violation("%s stores a first value where there is one", by)
	case w.replaced[password] && !w.deliberate[password]:
		w.violation("%s brought a password back that a rotation had replaced", by)
	case w.replaced[password] && process != nil && process.moves > 1 && password == process.password:
		w.violation("%s writes a password again that it wrote before and a rotation has replaced", by)
	}
	w.history = append(w.history, held)
}

// members are those of a version's value. A number and its text are the same.
func (w *raceWorld) members(version string) map[string]string {
	out, err := w.Secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &w.SecretARN, VersionId: &version})
	w.Must(err)
	var raw map[string]json.RawMessage
	w.Must(json.Unmarshal([]byte(*out.SecretString), &raw))
	members := map[string]string{}
	for key, value := range raw {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		members[key] = text
	}
	return members
}

func versionWith(d *secretsmanager.DescribeSecretOutput, label string) string {
	for version, labels := range d.VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}

// pendingElsewhere is the version of a rotation that is not complete, or "".
func pendingElsewhere(d *secretsmanager.DescribeSecretOutput) string {
	if version := versionWith(d, "AWSPENDING"); version != versionWith(d, "AWSCURRENT") {
		return version
	}
	return ""
}

// accepts reports whether PostgreSQL accepts what AWSCURRENT holds.
func (w *raceWorld) accepts() bool {
	w.figures.count("logins")
	held := w.holds().members
	conn, err := w.server.Connect(w.t.Context(), held["username"], held["password"], held["dbname"])
	if err != nil {
		return false
	}
	w.Must(conn.Close(w.t.Context()))
	return true
}

// setPassword is what a person does with the password of a user.
func (w *raceWorld) setPassword(username, password string) {
	conn, err := w.server.Connect(w.t.Context(), pgserver.Superuser, w.server.Password, "postgres")
	w.Must(err)
	_, err = conn.Exec(w.t.Context(), fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", username, password))
	w.Must(err)
	w.Must(conn.Close(w.t.Context()))
}

func (w *raceWorld) violation(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.wrong = append(w.wrong, fmt.Sprintf("after step %d: %s", w.step, text))
	w.remark("   WRONG: %s", text)
}

// rest lets time go by until no rotation is under way, at most for a day. Somebody
// does what the message of a refused apply says: drops a label that was left by
// hand, and has a rotation that was given up tried once more.
func (w *raceWorld) rest() {
	w.dropLeftByHand()
	for hour := range 24 {
		w.Advance(time.Hour)
		w.observe(theClock)
		events := w.Events()
		if pendingElsewhere(w.Describe()) == "" && !strings.HasSuffix(events[len(events)-1].Name, "Started") {
			return
		}
		if hour%4 == 3 {
			w.rotate(true)
		}
	}
	w.violation("a rotation does not end")
}
