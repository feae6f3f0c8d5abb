package rotation_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// raceTypes are the rotation types that race.
var raceTypes = []string{"PostgreSQLSingleUser", "PostgreSQLMultiUser"}

// runRace runs the interleaving of a seed and returns the world after it, at rest.
func runRace(t *testing.T, seed uint64, with editor) *raceWorld {
	t.Helper()
	w := newRaceWorld(t, raceTypes[seed%2], seed)
	a, b := w.edits("A"), w.edits("B")
	if w.chance(4) {
		w.SecretARN = w.NewSecret("database/app", nil)
		a = append([]valueEdit{w.firstValue("A")}, a...)
		b = append([]valueEdit{w.firstValue("B")}, b...)
	} else {
		w.startsWithValue()
	}
	w.failures, w.misfortunes = w.random.IntN(3), w.random.IntN(4)
	w.applies("apply A", with, a...)
	if w.chance(2) {
		w.applies("apply B", with, b...)
	}
	w.somebodyRotates(2 + w.random.IntN(3))
	w.personActs(w.random.IntN(3))
	w.run()
	w.rest()
	w.checkMembers()
	return w
}

// edits are what an apply has to change, one edit after the other. Everybody
// changes "application", and each a key of its own.
func (w *raceWorld) edits(who string) []valueEdit {
	var edits []valueEdit
	for i := range 1 + w.random.IntN(3) {
		e := valueEdit{keys: map[string]string{"application": fmt.Sprint(who, i), "team" + who: fmt.Sprint(i)}}
		if w.chance(3) {
			e.keys["port"] = fmt.Sprint(w.server.Port)
		}
		if len(w.superusers) > 0 && w.chance(2) {
			e.keys["masterarn"] = w.superusers[w.random.IntN(len(w.superusers))]
		}
		if w.chance(5) {
			e.password = fmt.Sprintf("written-%s-%d", who, i)
			w.deliberate[e.password] = true
		}
		edits = append(edits, e)
	}
	return edits
}

// firstValue is what an apply has to do with a secret without a value.
func (w *raceWorld) firstValue(who string) valueEdit {
	keys := maps.Clone(w.first)
	keys["first"] = who
	return valueEdit{create: true, keys: keys, password: w.user.Password}
}

// checkMembers looks for what applies have written and for what nobody has changed.
func (w *raceWorld) checkMembers() {
	if len(w.history) == 0 {
		w.violation("there is no value")
		return
	}
	held := w.holds().members
	for _, key := range []string{"host", "port", "dbname", "ssl", "note"} {
		if held[key] != w.first[key] {
			w.violation("%s is %q", key, held[key])
		}
	}
	if held["engine"] != "postgres" || strings.TrimSuffix(held["username"], "_clone") != w.user.Username {
		w.violation("the engine is %q and the user %q", held["engine"], held["username"])
	}
	// A key has the value of the last apply that succeeded, or of one that was not
	// over when that began.
	last := map[string]applied{}
	for _, a := range w.applied {
		for key := range a.keys {
			if a.done && !a.create && a.to > last[key].to {
				last[key] = a
			}
		}
	}
	for _, a := range w.applied {
		if a.done && a.password != "" && !slices.ContainsFunc(w.history, func(held heldValue) bool { return held.members["password"] == a.password }) {
			w.violation("an apply that succeeded has not written its password")
		}
	}
	for key, a := range last {
		if !slices.ContainsFunc(w.applied, func(other applied) bool {
			text, sets := other.keys[key]
			return sets && other.to >= a.from && held[key] == text
		}) {
			w.violation("%s is %q, and the last apply that succeeded wrote %q", key, held[key], a.keys[key])
		}
	}
}

// checkNextApply has an apply without a change find nothing to do, remove what a
// killed one has left, and a last rotation succeed.
func (w *raceWorld) checkNextApply() {
	service := rotation.NewService(connectAs(w.Lab, w.Administrator(), nil), w.Lab)
	want := rotation.Value{SecretID: w.SecretARN, RotationType: w.rotationType, Connection: map[string]string{"note": "nobody's"}}
	version := w.holds().version
	_, _, err := service.UpdateValue(w.t.Context(), w.SecretARN, want)
	if err != nil { // A window is about to open: in an hour the secret has rotated.
		w.rest()
		version = w.holds().version
		_, _, err = service.UpdateValue(w.t.Context(), w.SecretARN, want)
	}
	if err != nil {
		w.violation("an apply at rest is refused: %v", err)
	}
	w.observe("an apply at rest")
	if w.holds().version != version {
		w.violation("an apply without a change writes")
	}
	for _, labels := range w.Describe().VersionIdsToStages {
		for _, label := range labels {
			if !strings.HasPrefix(label, "AWS") {
				w.violation("the label %s is left", label)
			}
		}
	}
	before := w.figures["RotationSucceeded"]
	w.rotate(true)
	w.Advance(time.Minute)
	w.observe(theClock)
	if w.figures["RotationSucceeded"] != before+1 {
		w.violation("the next rotation fails")
	}
	w.checkMembers()
}

// raceFigures count what interleavings were made of.
type raceFigures map[string]int

func (f *raceFigures) count(what string) {
	if *f == nil {
		*f = raceFigures{}
	}
	(*f)[what]++
}

func (f raceFigures) String() string {
	var lines strings.Builder
	for _, what := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(&lines, "\n%8d %s", f[what], what)
	}
	return lines.String()
}

// raceReport sums the figures of many.
type raceReport struct {
	mu  sync.Mutex
	sum raceFigures
}

func (r *raceReport) add(w *raceWorld) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.count("interleavings")
	if w.residue {
		r.sum.count("interleavings with the residue")
	}
	if len(w.wrong) > 0 {
		r.sum.count("interleavings that broke a promise")
	}
	for what, n := range w.figures {
		r.sum[what] += n
	}
	for _, call := range w.Calls(":assumed-role/rotator/") {
		if call.Operation == "UpdateSecretVersionStage" && call.ErrorCode == "InvalidParameterException" {
			r.sum.count("moves of finishSecret that came too late")
		}
	}
}

// tell prints the sum where RACES asks for many.
func (r *raceReport) tell() {
	if os.Getenv(manyRaces) != "" {
		fmt.Println(r.sum)
	}
}

// manyRaces is the variable of the environment that says how many interleavings to
// run.
const manyRaces = "RACES"

// seeds are those of as many interleavings as the environment asks for, else of a
// few.
func seeds(t *testing.T, first, few uint64) []uint64 {
	t.Helper()
	if given := os.Getenv(manyRaces); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatal("RACES is not a number of interleavings")
		}
		first, few = 0, n
	}
	var all []uint64
	for i := range few {
		all = append(all, first+i)
	}
	return all
}

// TestValueRaces runs random interleavings of applies, rotations, people and
// crashes: a few, or as many as RACES says, and then it tells what they were made
// of. One has the seed that its name ends with, and with that it runs again.
//
//	make fuzz RACES=1000
//	RACES=1000 go -C internal/rotation test -run 'TestValueRaces/^45$' -v
func TestValueRaces(t *testing.T) {
	t.Parallel()
	var report raceReport
	t.Cleanup(report.tell)
	for _, seed := range seeds(t, 0, 20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			report.add(checkRace(t, seed))
		})
	}
}

func checkRace(t *testing.T, seed uint64) *raceWorld {
	t.Helper()
	w := runRace(t, seed, careful)
	w.checkNextApply()
	for _, wrong := range w.wrong {
		t.Error(wrong)
	}
	if t.Failed() {
		t.Logf("seed %d\n%s", seed, strings.Join(w.trace, "\n"))
	}
	return w
}

// TestNaiveRaces is the control: with applies that know nothing of rotation, some of
// the same interleavings end with a database that rejects what AWSCURRENT holds.
func TestNaiveRaces(t *testing.T) {
	t.Parallel()
	const rejected, lost = "interleavings after which PostgreSQL rejects AWSCURRENT", "interleavings that lose or undo a change"
	var report raceReport
	all := seeds(t, 24, 4)
	t.Cleanup(func() {
		report.tell()
		if report.sum["interleavings"] == len(all) && (report.sum[rejected] == 0 || report.sum[lost] == 0) {
			t.Error("no interleaving does harm: the races have lost their subject")
		}
	})
	for _, seed := range all {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := runRace(t, seed, naive)
			if !w.accepts() {
				w.figures.count(rejected)
			} else if len(w.wrong) > 0 {
				w.figures.count(lost)
			}
			report.add(w)
		})
	}
}

// TestRaceRepeats runs interleavings twice: a seed that fails can be looked at.
func TestRaceRepeats(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		first, again := runRace(t, seed, careful), runRace(t, seed, careful)
		if diff := cmp.Diff(first.trace, again.trace); diff != "" {
			t.Errorf("seed %d runs another way the second time:\n%s", seed, diff)
		}
	}
}
