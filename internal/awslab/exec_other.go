//go:build !unix

package awslab

import "os/exec"

// processGroup is the command alone: only Unix has process groups.
type processGroup struct{ command *exec.Cmd }

func ownGroup(command *exec.Cmd) processGroup { return processGroup{command} }

func (g processGroup) kill() error { return g.command.Process.Kill() }
