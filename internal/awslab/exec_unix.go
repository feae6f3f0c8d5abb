//go:build unix

package awslab

import (
	"os"
	"os/exec"
	"syscall"
)

// processGroup is a command with all that it started.
type processGroup struct{ command *exec.Cmd }

// ownGroup makes a command that is not started yet lead a process group.
func ownGroup(command *exec.Cmd) processGroup {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(command.SysProcAttr)
	return processGroup{command}
}

func (g processGroup) kill() error {
	if err := syscall.Kill(-g.command.Process.Pid, syscall.SIGKILL); err != nil {
		return os.ErrProcessDone
	}
	return nil
}
