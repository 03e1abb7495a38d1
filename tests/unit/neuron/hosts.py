"""Folders like ``/dev`` and ``/sys`` of a host with chips, without root and without a driver."""

import errno
import os
import stat

from neuronserve.neuron.chips import Roots
from neuronserve.neuron.look import look

MAJOR = 245


class Files:
    """Device files whose numbers and errors are the test's. All others are as they are."""

    def __init__(self):
        self.minors = {}
        self.errors = {}
        self.modes = {}
        self.probed = []

    def stat(self, path):
        if path.name not in self.minors:
            return os.stat(path)
        rdev = os.makedev(MAJOR, self.minors[path.name])
        mode = stat.S_IFCHR | self.modes.get(path.name, 0o666)
        found = list(os.lstat(path))
        found[0] = mode
        return os.stat_result(found, {"st_rdev": rdev})

    def probe(self, path):
        self.probed.append(path.name)
        if path.name in self.errors:
            code = self.errors[path.name]
            raise OSError(code, os.strerror(code))


class Tree:
    """``roots`` of an empty host; then chips are added, in ``/dev`` and in ``/sys``."""

    def __init__(self, folder):
        self.roots = Roots(folder / "dev", folder / "sys", folder / "proc")
        for root in (self.roots.dev, self.roots.sys, self.roots.proc):
            root.mkdir()
        self.files = Files()

    def device(self, index, minor=None, *, error=None, mode=0o666):
        name = f"neuron{index}"
        (self.roots.dev / name).touch()
        self.files.minors[name] = index if minor is None else minor
        self.files.modes[name] = mode
        if error:
            self.files.errors[name] = error

    def write(self, path, text, mode=0o644):
        file = self.roots.sys / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def sysfs(
        self, host_index, family="Inf1", cores=4, *, core_count=True, connected="", below="devices/virtual"
    ):
        chip = f"{below}/neuron_device/neuron{host_index}"
        (self.roots.sys / chip).mkdir(parents=True)
        if core_count:
            self.write(f"{chip}/core_count", str(cores), 0o400)
        if connected:
            self.write(f"{chip}/connected_devices", connected + "\n")
        if family:
            self.write(f"{chip}/info/architecture/instance_type", family + "\n")
        for core in range(cores):
            arch = {"Inf1": "NCv1", "Trn2": "NCv3"}.get(family, "NCv2")
            self.write(f"{chip}/neuron_core{core}/info/architecture/arch_type", arch + "\n")

    def product(self, name):
        self.write("class/dmi/id/product_name", name + "\n")

    def look(self, instance_type=None, neuron_ls=None):
        return look(self.roots, instance_type=instance_type, neuron_ls=neuron_ls, files=self.files)


def codes(host):
    return [problem.code for problem in host.problems]


def only(host):
    """The only problem; it says what to do."""
    [problem] = host.problems
    assert problem.message
    assert problem.hint
    return problem


ERRORS = {
    errno.EACCES: "no_permission",
    errno.EPERM: "not_allowed",
    errno.ENODEV: "no_driver",
    errno.ENXIO: "no_driver",
    errno.EBUSY: "busy",
    errno.EINVAL: "open_failed",
}
