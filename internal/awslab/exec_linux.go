package awslab

import "syscall"

// dieWithParent makes the kernel kill the command when the lab is killed and
// can't do it itself.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
