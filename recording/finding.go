package recording

// Finding is something that the ledger cannot explain, and what to do about it.
type Finding struct {
	Place string // "record", "archive", or "spool " and the name of the PBX
	Name  string // id of the recording, key or file; empty: the whole place
	What  string // why it is unexplained
	Do    string

	Open bool // the PBX has not closed the file: it may become explained by itself
}

// The places of findings, besides the spools.
const (
	InRecords = "record"
	InArchive = "archive"
)

// InSpool is the place of a finding in the spool of a PBX.
func InSpool(pbx string) string { return "spool " + pbx }
