package chaos

// Kind is a kind of fault, in the words of the report.
type Kind string

// The kinds of faults.
const (
	KillGateway Kind = "recgate killed with -9"
	StopGateway Kind = "recgate stopped in order"
	MoveClock   Kind = "recgate's clock moved"

	CutAMI   Kind = "AMI cut"
	StallAMI Kind = "AMI stalled"
	SlowAMI  Kind = "AMI slowed"
	ResetAMI Kind = "AMI reset"

	KillPBX    Kind = "Asterisk killed"
	RestartPBX Kind = "Asterisk restarted in order"

	FloodPBX   Kind = "flood of events"
	EndlessPBX Kind = "endless line of AMI"
	HalfOpen   Kind = "AMI half open"
	NoFile     Kind = "Asterisk makes no files"
	SlowFile   Kind = "Asterisk makes files late"
	SlowClose  Kind = "Asterisk closes files late"

	CutDatabase     Kind = "database cut"
	StallDatabase   Kind = "database stalled"
	SlowDatabase    Kind = "database slowed"
	ResetDatabase   Kind = "database reset"
	RestartDatabase Kind = "database restarted in order"
	KillDatabase    Kind = "database killed"
	LockDatabase    Kind = "database locked by somebody else"

	FillSpool     Kind = "spool full"
	FillArchive   Kind = "archive full"
	FreezeArchive Kind = "archive read-only"
)

// commonKinds are the kinds that every run has, simulated those that only a
// simulated Asterisk can do, and the rest belongs to one of the databases.
func commonKinds() []Kind {
	return []Kind{
		KillGateway, StopGateway, MoveClock, CutAMI, StallAMI, SlowAMI, ResetAMI,
		KillPBX, RestartPBX, FillSpool, FillArchive, FreezeArchive,
	}
}

func simulatedKinds() []Kind {
	return []Kind{FloodPBX, EndlessPBX, HalfOpen, NoFile, SlowFile, SlowClose}
}

func sqliteKinds() []Kind { return []Kind{LockDatabase} }

func mariadbKinds() []Kind {
	return []Kind{CutDatabase, StallDatabase, SlowDatabase, ResetDatabase, RestartDatabase, KillDatabase}
}

// hitsPBX reports whether a fault is of one PBX, and not of all.
func (k Kind) hitsPBX() bool {
	switch k {
	case CutAMI, StallAMI, SlowAMI, ResetAMI, KillPBX, RestartPBX, FloodPBX, EndlessPBX, HalfOpen, NoFile, SlowFile, SlowClose:
		return true
	}
	return false
}

// onlySimulated reports whether a real Asterisk cannot be made to do it.
func (k Kind) onlySimulated() bool {
	switch k {
	case FloodPBX, EndlessPBX, HalfOpen, NoFile, SlowFile, SlowClose:
		return true
	}
	return false
}

// endsCalls reports whether the calls of the PBX are over with it.
func (k Kind) endsCalls() bool { return k == KillPBX || k == RestartPBX }
