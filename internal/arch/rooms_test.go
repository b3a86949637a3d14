package arch_test

// room is what the code of a folder may import besides the standard library.
// A name that ends in /... stands for all folders below it.
type room struct {
	ours    []string // of our own
	outside []string // modules of others
	exec    bool     // may start programs: os/exec
	tests   []string // more of our own, for its tests only
}

// module is our own.
const module = "recgate"

// everything is for those who put the parts together.
var everything = []string{"..."}

// rooms is the plan. recording, audio, ami, metrics, smallfile, lease and owner
// import nothing of ours, config only smallfile; doors (soap), hands (asterisk, store, blob),
// httpd and auth import recording, doors never doors and hands never hands; httpd
// is what doors share; asterisk also imports ami, which it drives, and config,
// whose section of a PBX it opens; store imports auth for the rows that it keeps
// for it; only cmd/recgate sees all.
var rooms = map[string]room{
	"cmd/recgate": {ours: everything, outside: []string{
		"github.com/alecthomas/kong", "golang.org/x/sync", "github.com/gorilla/mux", "github.com/prometheus/client_golang",
	}},

	"recording": {},
	"recording/recordingtest": {ours: []string{
		"recording", "recorder", "retrieve", "ledger", "book", "job", "mark", "audio/audiotest", "internal/await",
	}, outside: testModules},

	"recorder": {ours: []string{"recording", "book", "job", "spool"}},
	"collect":  {ours: []string{"recording", "book", "job", "spool"}},
	"retrieve": {ours: []string{"recording", "book"}},
	"ledger":   {ours: []string{"recording", "job", "spool"}},
	"book":     {ours: []string{"recording"}},
	"job":      {ours: []string{"recording", "lease"}},
	"mark":     {ours: []string{"recording"}},
	"spool":    {ours: []string{"recording"}},

	"proof":         {ours: []string{"recording", "audio/audiotest"}},
	"soap":          {ours: []string{"recording", "httpd", "wsdl"}, outside: []string{"github.com/gorilla/mux", "golang.org/x/time"}},
	"wsdl":          {tests: []string{"wsdl/client"}},
	"wsdl/client":   {outside: []string{"github.com/hooklift/gowsdl"}},
	"auth":          {ours: []string{"recording"}},
	"auth/authtest": {ours: []string{"recording", "auth"}, outside: testModules},
	"httpd": {ours: []string{"recording", "smallfile"}, outside: []string{
		"github.com/gorilla/mux", "github.com/segmentio/asm", "golang.org/x/text", "golang.org/x/time",
	}},

	"trust":        {ours: []string{"smallfile"}},
	"ami":          {tests: []string{"ami/amitest", "trust"}},
	"ami/amitest":  {ours: []string{"ami", "internal/await"}},
	"asterisk":     {ours: []string{"recording", "ami", "config", "trust"}, tests: []string{"ami/amitest"}},
	"asterisk/sim": {ours: []string{"recording", "audio"}},
	"store": {ours: []string{"recording", "auth", "lease", "owner", "trust"}, outside: []string{
		"github.com/go-sql-driver/mysql", "github.com/pressly/goose/v3", "modernc.org/sqlite",
	}},
	"store/storetest": {ours: []string{"store", "recording"}, outside: testModules},
	"blob":            {ours: []string{"recording", "owner", "smallfile"}, tests: []string{"trust"}, outside: []string{"github.com/minio/minio-go/v7"}},

	"disk": {ours: []string{"recording"}},

	"audio":           {},
	"audio/audiotest": {ours: []string{"audio"}},
	"config":          {ours: []string{"smallfile"}, outside: []string{"github.com/goccy/go-yaml"}},
	"smallfile":       {},
	"lease":           {},
	"owner":           {},
	"metrics":         {outside: []string{"github.com/prometheus/client_golang"}},

	"lab":          {ours: []string{"internal/child", "internal/await"}, exec: true},
	"bench":        {ours: everything, outside: testModules, exec: true},
	"fulltest":     {ours: everything, outside: testModules, exec: true},
	"fulltest/...": {ours: everything, outside: testModules, exec: true},

	"internal/arch":    {},
	"internal/await":   {},
	"internal/child":   {exec: true, tests: []string{"internal/await"}},
	"internal/leftout": {},
	"internal/office": {ours: []string{
		"recording", "recording/recordingtest", "recorder", "collect", "retrieve", "ledger", "book", "job", "audio",
	}},
	"internal/papers": {},
	"internal/port":   {},
}

// forbidden is what a room may not take even from the standard library: the
// core knows no HTTP, SQL or XML, and starts nothing.
var forbidden = map[string][]string{
	"recording": coreNeverTakes, "recorder": coreNeverTakes, "collect": coreNeverTakes, "retrieve": coreNeverTakes, "ledger": coreNeverTakes,
	"book": coreNeverTakes, "job": coreNeverTakes, "mark": coreNeverTakes, "spool": coreNeverTakes,
}

var coreNeverTakes = []string{"net/http", "database/sql", "encoding/xml", "net", "os/exec"}

// forTests is what every test may import of ours: fakes, contracts, real servers.
var forTests = []string{
	"recording", "recording/recordingtest", "audio", "audio/audiotest", "auth", "auth/authtest", "store/storetest", "asterisk/sim", "lab", "wsdl/client",
	"fulltest/mariadb", "fulltest/mariadbd", "internal/await", "internal/child", "internal/office", "internal/port",
}

// testModules is what every test may import of others.
var testModules = []string{
	"github.com/google/go-cmp", "go.uber.org/goleak", "pgregory.net/rapid",
	"github.com/rogpeppe/go-internal", "github.com/ivahaev/amigo", "github.com/hooklift/gowsdl",
	"github.com/go-sql-driver/mysql", "modernc.org/sqlite", "golang.org/x/sync",
	"github.com/johannesboyne/gofakes3", "github.com/minio/minio-go/v7",
}

// execInTests are the rooms whose tests may start programs: the generator whose
// output they compare (wsdl), our own binary, or themselves, to be killed (store).
var execInTests = map[string]bool{"cmd/recgate": true, "store": true, "wsdl": true}
