package provider

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-version"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// leakRooms are all runs that are looked through: leak_aws_test.go has those whose
// secrets come from AWS, leak_inputs_test.go those whose secrets come from the
// configuration. What is planted stands at the head of either. A new object or
// command is one more step, a new secret one more line with plant.
func leakRooms(cli string) []leakRoom {
	return []leakRoom{setupRoom(), secretValueRoom(), functionsRoom(cli), credentialsRoom(), takenOverRoom(), valuesRoom(), crashRoom(cli)}
}

// leakRoom is a world in which a CLI and the provider run, each a process of its
// own, with all logs that there are.
type leakRoom struct {
	what     string
	needs    *feature
	provider func() (string, error) // its binary
	furnish  func(*room)            // makes what the configurations name
	steps    []leakStep
	keeps    []kept
}

// leakStep is a command of the CLI. The commands of a room have one directory.
type leakStep struct {
	what  string
	needs *feature
	do    string // arguments
	// config is the configuration from now on; empty is that of the step before. In it
	// and in arguments, "@name" in quotes stands for an ARN of the room.
	config string
	env    []string
	before func(*room)
	code   int
	// shows are texts of the output and logs texts of the log, separated by ellipses,
	// without which the step has lost its subject.
	shows, logs string
}

// kept is what a CLI itself keeps of what it is given. It has to be found there.
type kept struct {
	in   *regexp.Regexp // names of artefacts
	what string         // how a line of [search.in] begins
}

// needle is in the names of the secrets of these tests. It is not secret and passes
// through all artefacts: where it is found, a secret would be.
const needle = "needle-that-is-no-secret"

// origin is where the provider has a planted text from.
type origin int

const (
	fromAWS           origin = iota // AWS tells it, or is told
	fromConfiguration               // the provider block or an argument has it
)

// plantedTexts are the planted texts that are the same in all rooms.
var plantedTexts = map[origin][]planted{}

// plant makes up a password that is found nowhere by chance and that no encoding
// leaves as it is.
func plant(from origin, what string) string {
	return plantText(from, what, rand.Text()+`<é>&"'\/+ %`+rand.Text()[:12])
}

// plantToken makes up a token, which has letters and digits only.
func plantToken(from origin, what string) string { return plantText(from, what, rand.Text()) }

func plantText(from origin, what, text string) string {
	plantedTexts[from] = append(plantedTexts[from], planted{what, text})
	return text
}

// feature is what only some versions of the CLIs know.
type feature struct {
	what  string
	since map[string]*version.Version
}

var (
	ephemeralValues = &feature{"ephemeral values", ephemeralSince}
	writeOnly       = &feature{"write-only arguments", map[string]*version.Version{
		"Terraform": version.Must(version.NewVersion("1.11.0")), "OpenTofu": version.Must(version.NewVersion("1.11.0")),
	}}
)

// skip skips a test whose CLI does not know a feature.
func (f *feature) skip(t *testing.T) {
	t.Helper()
	if name, have := cliVersion(t); f != nil && have.LessThan(f.since[name]) {
		t.Skipf("%s %s has no %s.", name, have, f.what)
	}
}

// TestLeaks plants secrets wherever the provider gets to see some, has it do all
// that it can do, well and badly, and looks for them in everything that CLI and
// provider leave behind.
func TestLeaks(t *testing.T) {
	t.Parallel()
	cli, _ := cliVersion(t)
	rooms := leakRooms(cli)
	var mu sync.Mutex
	proof := leakProof{kinds: map[string]bool{}, met: map[string]bool{}}
	t.Cleanup(func() {
		if proof.rooms < len(rooms) {
			t.Log("Not every room was run to its end: whether the search has a subject is not judged.")
			return
		}
		proof.judge(t)
	})
	for _, plan := range rooms {
		t.Run(plan.what, func(t *testing.T) {
			t.Parallel()
			r := plan.enter(t)
			for _, step := range plan.steps {
				if !t.Run(step.what, func(t *testing.T) { r.take(t, step) }) {
					break
				}
			}
			r.search(t, plan.keeps)
			mu.Lock()
			defer mu.Unlock()
			proof.add(r)
		})
	}
}

// TestLeaksCoverEverything looks whether the rooms have all that the provider has.
func TestLeaksCoverEverything(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, plan := range leakRooms("Terraform") {
		for _, step := range plan.steps {
			all.WriteString(step.config)
		}
	}
	has := func(pattern, name string) {
		if !regexp.MustCompile(fmt.Sprintf(pattern, name)).MatchString(all.String()) {
			t.Errorf("No room has %s.", name)
		}
	}
	schemas, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	for name, schema := range schemas.ResourceSchemas {
		has(`resource "%s" `, name)
		for _, a := range schema.Block.Attributes {
			if a.Sensitive || a.WriteOnly {
				has(`\b%s += `, a.Name)
			}
		}
	}
	for name := range schemas.DataSourceSchemas {
		has(`data "%s" `, name)
	}
	for name := range schemas.EphemeralResourceSchemas {
		has(`ephemeral "%s" `, name)
	}
	for name := range schemas.Functions {
		has(`provider::rotation::%s\(`, name)
	}
	attributes := schemas.Provider.Block.Attributes
	for _, block := range schemas.Provider.Block.BlockTypes {
		attributes = append(attributes, block.Block.Attributes...)
	}
	for _, a := range attributes {
		if a.Sensitive {
			has(`\b%s += var\.`, a.Name)
		}
	}
	if len(schemas.Functions) == 0 || len(schemas.EphemeralResourceSchemas) == 0 {
		t.Error("The schemas are not complete.")
	}
}

// room is a leakRoom that is in use.
type room struct {
	hand
	spy                             *passwordSpy
	dir, temporary, binary, process string
	arns                            map[string]string // by the names that configurations have for them
	forms                           []form            // of what is planted in this room alone
	artefacts                       map[string]string
	env                             []string
	heal                            func() // ends what a step has broken
}

// enter makes a room and what is in it.
func (plan leakRoom) enter(t *testing.T) *room {
	t.Helper()
	plan.needs.skip(t)
	w := world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})}
	made, err := plan.provider()
	w.Must(err)
	r := &room{hand: w.hand(t), spy: newPasswordSpy(t, w), dir: t.TempDir(), arns: map[string]string{"rotator": w.FunctionARN}, artefacts: map[string]string{}}
	r.binary, r.process = tracked(t, made)
	dumps := filepath.Join(r.dir, "dumps")
	w.Must(os.Mkdir(dumps, 0o700))
	// The path of a socket has to be short.
	r.temporary, err = os.MkdirTemp("", "rotation") //nolint:usetesting // The test's own directory has a long path.
	w.Must(err)
	t.Cleanup(func() { _ = os.RemoveAll(r.temporary) })
	user := w.NewUser("planted", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	r.forms = planted{"the secret access key of the environment", user.SecretAccessKey}.formsOfParts()
	r.env = []string{
		"AWS_ENDPOINT_URL=" + r.spy.url, "AWS_REGION=" + w.Region(), "AWS_ACCESS_KEY_ID=" + user.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + user.SecretAccessKey,
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"TF_LOG=TRACE", "TF_LOG_PATH=" + filepath.Join(r.dir, "trace.log"), "TF_LOG_SDK_PROTO_DATA_DIR=" + dumps, "TMPDIR=" + r.temporary, "GOTRACEBACK=all",
	}
	plan.furnish(r)
	return r
}

var (
	namedARN = regexp.MustCompile(`"@([\w-]+)"`)
	argument = regexp.MustCompile(`"@[\w-]+"|\S+`)
)

// arn is the ARN that a name in quotes stands for.
func (r *room) arn(t *testing.T, name string) string {
	t.Helper()
	arn := r.arns[strings.Trim(name, `"@`)]
	if arn == "" {
		t.Fatalf("The room has no %s.", name)
	}
	return arn
}

// take runs the command of a step and keeps what the next one overwrites.
func (r *room) take(t *testing.T, step leakStep) {
	t.Helper()
	step.needs.skip(t)
	if step.config != "" {
		text := namedARN.ReplaceAllStringFunc(step.config, func(name string) string { return fmt.Sprintf("%q", r.arn(t, name)) })
		r.Must(os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(requireRotation+text), 0o600))
	}
	if step.before != nil {
		step.before(r)
	}
	words := argument.FindAllString(step.do, -1)
	for i, word := range words {
		if namedARN.MatchString(word) {
			words[i] = r.arn(t, word)
		}
	}
	if words[0] != "state" { // Its commands have no colours.
		words = slices.Insert(words, 1, "-no-color")
	}
	path, err := tfcli.Find()
	r.Must(err)
	cli, err := tfcli.New(path, r.dir, r.binary, slices.Concat(r.env, step.env)...)
	r.Must(err)
	out, code, err := cli.Run(t.Context(), words...)
	r.Must(err)
	if code != step.code {
		t.Errorf("It ends with %d, not %d:\n%s", code, step.code, out)
	}
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", "", "╷", "", "╵", "").Replace(out)), " ")
	for text := range strings.SplitSeq(step.shows, "…") {
		if !strings.Contains(flat, text) {
			t.Errorf("It does not show %q:\n%s", text, out)
		}
	}
	written, err := os.ReadFile(filepath.Join(r.dir, "trace.log"))
	r.Must(err)
	for text := range strings.SplitSeq(step.logs, "…") {
		if !strings.Contains(string(written), text) {
			t.Errorf("The log does not have %q.", text)
		}
	}
	r.artefacts["output of "+step.what] = out
	states, err := filepath.Glob(filepath.Join(r.dir, "*.tfstate*"))
	r.Must(err)
	for _, path := range states {
		content, err := os.ReadFile(path)
		r.Must(err)
		r.artefacts["after "+step.what+": "+filepath.Base(path)] = string(content)
	}
}

// dumpOfInput are those dumps of the protocol that hold what the configuration gives
// and what it gets back: TF_LOG_SDK_PROTO_DATA_DIR asks for just that, and only the
// user can. In all other dumps there is what the provider makes itself, such as
// states, plans and private data, and that has no secret even before a CLI has it.
var dumpOfInput = regexp.MustCompile(`^dumps/.*_(Request_Config|Request_ProposedNewState|Request_Arguments_\d+|CallFunction_Response_Result|OpenEphemeralResource_Response_Result)\.`)

// search fails the test for each artefact that shows something planted, and for what
// a CLI keeps and is not found.
func (r *room) search(t *testing.T, keeps []kept) {
	t.Helper()
	collect(t, r.dir, r.artefacts)
	collect(t, r.temporary, r.artefacts)
	forms := slices.Concat(r.forms, r.spy.told(), r.formsOfLab())
	for _, texts := range plantedTexts {
		for _, p := range texts {
			forms = append(forms, p.formsOfParts()...)
		}
	}
	s, found := searchFor(forms...), map[kept]bool{}
	for _, name := range slices.Sorted(maps.Keys(r.artefacts)) {
		if dumpOfInput.MatchString(name) {
			continue
		}
		for _, line := range s.in(r.artefacts[name]) {
			i := slices.IndexFunc(keeps, func(k kept) bool { return k.in.MatchString(name) && strings.HasPrefix(line, k.what) })
			if i < 0 {
				t.Errorf("%s has %s.", name, line)
			} else {
				found[keeps[i]] = true
			}
		}
	}
	for _, k := range keeps {
		if !found[k] {
			t.Errorf("No artefact %s has %s, which the CLI keeps: the search does not work.", k.in, k.what)
		}
	}
}

// leakKinds are the artefacts that there are, by their names. Of the log only those
// lines count that contain a text, or else those that do not.
var leakKinds = []struct {
	what          string
	name          *regexp.Regexp
	only, without string
}{
	{what: "output", name: regexp.MustCompile(`^output of`)},
	{what: "log of the CLI", name: regexp.MustCompile(`^trace\.log$`), without: "provider.terraform-provider-rotation: "},
	{what: "log of the provider", name: regexp.MustCompile(`^trace\.log$`), only: "provider.terraform-provider-rotation: "},
	{what: "state", name: regexp.MustCompile(`\.tfstate$`)},
	{what: "backup of a state", name: regexp.MustCompile(`\.tfstate\.backup$`)},
	{what: "saved plan", name: regexp.MustCompile(`tfplan!tfplan$`)},
	{what: "state in a saved plan", name: regexp.MustCompile(`tfplan!tfstate$`)},
	{what: "configuration in a saved plan", name: regexp.MustCompile(`tfplan!tfconfig/`)},
	{what: "generated configuration", name: regexp.MustCompile(`generated\.tf$`)},
	{what: "dump of the protocol", name: regexp.MustCompile(`^dumps/`)},
}

// leakProof is what shows that a search that finds nothing has searched.
type leakProof struct {
	rooms int
	kinds map[string]bool // kinds of artefacts in which the needle was found
	met   map[string]bool // planted texts that the provider has met
}

func (p *leakProof) add(r *room) {
	p.rooms++
	control := searchFor(planted{"the needle", needle}.forms()...)
	var input strings.Builder
	for name, content := range r.artefacts {
		if dumpOfInput.MatchString(name) {
			input.WriteString(content)
		}
		for _, kind := range leakKinds {
			if p.kinds[kind.what] || !kind.name.MatchString(name) {
				continue
			}
			lines := content
			if kind.only+kind.without != "" {
				lines = strings.Join(slices.DeleteFunc(strings.SplitAfter(content, "\n"), func(line string) bool {
					return !strings.Contains(line, kind.only) || kind.without != "" && strings.Contains(line, kind.without)
				}), "")
			}
			p.kinds[kind.what] = len(control.in(lines)) > 0
		}
	}
	for from, texts := range plantedTexts {
		for _, text := range texts {
			core := word.FindString(text.text)
			p.met[text.what] = p.met[text.what] || from == fromAWS && r.spy.knows(core) || from == fromConfiguration && strings.Contains(input.String(), core)
		}
	}
}

func (p *leakProof) judge(t *testing.T) {
	t.Helper()
	for _, kind := range leakKinds {
		if !p.kinds[kind.what] {
			t.Errorf("%q was found in no %s: the search does not reach it.", needle, kind.what)
		}
	}
	for _, texts := range plantedTexts {
		for _, text := range texts {
			if !p.met[text.what] {
				t.Errorf("The provider has not met %s: this test has lost its subject.", text.what)
			}
		}
	}
}
