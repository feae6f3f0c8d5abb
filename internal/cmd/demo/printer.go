package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// printer writes for people.
type printer struct{ w io.Writer }

func (p printer) say(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p printer) heading(text string) {
	p.say("\n%s\n%s", text, strings.Repeat("-", len([]rune(text))))
}

// quote prints what a command said, indented.
func (p printer) quote(text string) {
	p.say("")
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		p.say("%s", strings.TrimRight("    "+strings.TrimRight(line, "\n"), " "))
	}
	p.say("")
}

// claim is something that the demo says, and whether it is so.
type claim struct {
	text  string
	holds bool
}

// errClaim ends the demo: something is not as it says.
var errClaim = errors.New("a claim does not hold")

// verify prints claims. The first that does not hold is the error.
func (p printer) verify(claims ...claim) error {
	for _, c := range claims {
		if !c.holds {
			p.say("✗ %s", c.text)
			return fmt.Errorf("%w: %s", errClaim, c.text)
		}
		p.say("✓ %s", c.text)
	}
	return nil
}

// overrides is the CLI's remark that the provider comes from a directory and
// not from a registry. It stands above everything that the CLI says.
var overrides = regexp.MustCompile(`(?s)\n?Warning: Provider development overrides are in effect\n.*?published\s+releases\.\n`)

func withoutOverrides(output string) string { return overrides.ReplaceAllString(output, "") }
