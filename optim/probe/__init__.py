"""What AGR does, or would do, in a running training: `optim.Probe`, its log and its picture."""

from optim.probe.log import read as read
from optim.probe.picture import plot as plot
from optim.probe.probe import Probe as Probe
