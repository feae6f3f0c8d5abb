//go:build unix

package tfcli

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes a command that is going to start a process group of its own
// and the end of its context an interrupt. An interrupt at the terminal then
// reaches it once, from here: at a second one the CLI leaves without stopping
// the provider. The result kills what is left of the group.
func ownGroup(cmd *exec.Cmd) (kill func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
