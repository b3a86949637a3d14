package soap_test

// divergence is a capture that we answer differently, and how. docs/noojee.md
// has a row for each; TestDocument compares the two lists.
type divergence struct {
	variants []string // nil: all that have the case
	status   int
	called   string
	texts    []string // parts of the content type, a line break and the body
}

// otherStyle lists, by variant, captures whose answer we give in the shape of
// the other style.
var otherStyle = map[string][]string{
	"rpc-nodebug-string": {
		"soap-start-wrapped-form",
	},
	"rpc-string": {
		"ns-none", "soap-start-literal", "soap-start-qualified-args", "soap-start-unqualified-args",
		"soap-start-wrapped-form",
	},
	"wrapped-nodebug-string": {
		"get-retrieve-accept-octet", "get-retrieve-gzip", "get-retrieve-http10", "get-retrieve-ok",
		"get-retrieveByUniqueId-ok", "get-start-METHOD-upper-key", "get-start-empty-tag", "get-start-in0-in1",
		"get-start-missing-tag", "get-start-ok", "get-start-plus", "get-start-repeated-arg", "get-start-tag-no-equals",
		"get-start-uniqueid", "get-start-utf8", "get-start-wrong-case-names", "get-start-wrong-case-value", "get-stop-ok",
		"soap-start-rpc-form",
	},
	"wrapped-string": {
		"get-retrieve-accept-octet", "get-retrieve-gzip", "get-retrieve-http10", "get-retrieve-ok",
		"get-retrieveByUniqueId-ok", "get-start-METHOD-upper-key", "get-start-empty-tag", "get-start-in0-in1",
		"get-start-missing-tag", "get-start-ok", "get-start-plus", "get-start-repeated-arg", "get-start-tag-no-equals",
		"get-start-uniqueid", "get-start-utf8", "get-start-wrong-case-names", "get-start-wrong-case-value", "get-stop-ok",
		"ns-none-typed", "soap-start-multiref", "soap-start-nil-tag", "soap-start-rpc-form", "soap-start-soapenc-string",
		"soap-start-untyped",
	},
}

var divergences = map[string]divergence{
	// Calls by GET and by form.
	"get-start-method-last":            {status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"get-no-method":                    {status: 500, texts: []string{"soapenv:Client", "method is missing or empty"}},
	"get-empty-method":                 {status: 500, texts: []string{"soapenv:Client", "method is missing or empty"}},
	"head-start":                       {status: 405},
	"post-form-start":                  {status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"get-start-argument-swapped-order": {variants: []string{"rpc-nodebug-string", "wrapped-nodebug-string", "wrapped-string"}, status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"soap-start-swapped-order":         {variants: []string{"rpc-nodebug-string", "wrapped-nodebug-string", "wrapped-string"}, status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"get-start-wrong-names":            {status: 500, texts: []string{"soapenv:Client", "extenOrUniqueId is missing, and &quot;a&quot; is not an argument"}},
	"get-start-one-wrong-name":         {status: 500, texts: []string{"soapenv:Client", "&quot;exten&quot; is not an argument"}},
	"soap-start-wrong-names":           {status: 500, texts: []string{"soapenv:Client", "&quot;a&quot; is not an argument"}},
	"get-start-missing-exten":          {status: 500, called: "start [] [22]", texts: []string{"soapenv:Client", "extenOrUniqueId is missing or empty"}},
	"get-start-no-args":                {status: 500, called: "start [] []", texts: []string{"soapenv:Client", "extenOrUniqueId is missing or empty"}},
	"soap-start-empty-strings":         {status: 500, called: "start [] []", texts: []string{"soapenv:Client", "extenOrUniqueId is missing or empty"}},
	"get-start-extra-arg":              {status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"soap-start-extra-arg":             {status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	// Text in values.
	"get-start-latin1":      {status: 200, called: "start [410] [é]", texts: []string{"startResponse"}},
	"get-start-percent":     {status: 200, called: "start [410] [a b+c&d=e/f%]", texts: []string{"startResponse"}},
	"get-start-amp":         {status: 200, called: "start [410] [a&b]", texts: []string{"startResponse"}},
	"get-start-xml-chars":   {status: 200, called: "start [410] [<b>x</b>\"']", texts: []string{"startResponse"}},
	"get-start-inject":      {status: 200, called: "start [410] [1</tag><tag>2]", texts: []string{"startResponse"}},
	"get-start-bad-percent": {status: 500, texts: []string{"soapenv:Client", "tag &quot;%zz&quot; holds the bad escape"}},
	// SOAP requests.
	"soapaction-none":          {status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"post-query-empty-body":    {status: 500, texts: []string{"soapenv:Client", "the message is empty"}},
	"soap-start-int-tag":       {status: 200, called: "start [410] [22]", texts: []string{"startResponse"}},
	"soap-start-href-dangling": {status: 500, texts: []string{"soapenv:Client", "refers to &quot;#nope&quot;"}},
	"soap-two-ops":             {status: 500, texts: []string{"soapenv:Client", "two operations"}},
	"soap-start-latin1":        {status: 200, called: "start [410] [é]", texts: []string{"text/xml;charset=utf-8\n", "encoding=\"UTF-8\"", "startResponse"}},
	"soap-start-utf16":         {status: 200, called: "start [410] [22]", texts: []string{"text/xml;charset=utf-8\n", "encoding=\"UTF-8\"", "startResponse"}},
	"ctype-charset-wrong":      {status: 200, called: "start [410] [22]", texts: []string{"text/xml;charset=utf-8\n", "encoding=\"UTF-8\"", "startResponse"}},
	"ctype-soap12":             {status: 200, called: "start [410] [22]", texts: []string{"text/xml;charset=utf-8\n", "encoding=\"UTF-8\"", "startResponse"}},
	"soap12-start":             {status: 200, called: "start [410] [22]", texts: []string{"application/soap+xml; charset=utf-8\n", "\"http://www.w3.org/2003/05/soap-envelope\""}},
	"soap12-start-encoding12":  {status: 200, called: "start [410] [22]", texts: []string{"application/soap+xml; charset=utf-8\n"}},
	"soap12-text-xml":          {status: 200, called: "start [410] [22]", texts: []string{"application/soap+xml; charset=utf-8\n"}},
	"soap12-retrieve":          {status: 200, called: "retrieve [21] [fred]", texts: []string{"application/soap+xml; charset=utf-8\n", "retrieveReturn", "UklGR"}},
	"soap12-fault":             {status: 500, called: "start [999] [22]", texts: []string{"<soapenv:Value>soapenv:Receiver</soapenv:Value>", ">No channel found for 999<"}},
	// Refused messages.
	"soap-empty-http-body":        {status: 500, texts: []string{"soapenv:Client", "the message is empty"}},
	"soap-empty-soap-body":        {status: 500, texts: []string{"soapenv:Client", "the body of the message is empty"}},
	"soap-not-xml":                {status: 500, texts: []string{"soapenv:Client", "not well-formed XML"}},
	"soap-not-soap":               {status: 500, texts: []string{"soapenv:Client", "not a SOAP envelope: its root is &quot;a&quot;"}},
	"soap-truncated":              {status: 500, texts: []string{"soapenv:Client", "not well-formed XML"}},
	"soap-unclosed":               {status: 500, texts: []string{"soapenv:Client", "not well-formed XML"}},
	"soap-doctype":                {status: 500, texts: []string{"soapenv:Client", "a DOCTYPE is not allowed"}},
	"soap-entity-internal":        {status: 500, texts: []string{"soapenv:Client", "a DOCTYPE is not allowed"}},
	"soap-entity-external":        {status: 500, texts: []string{"soapenv:Client", "a DOCTYPE is not allowed"}},
	"soap-entity-bomb":            {status: 500, texts: []string{"soapenv:Client", "a DOCTYPE is not allowed"}},
	"soap-processing-instruction": {status: 500, texts: []string{"soapenv:Client", "processing instructions are not allowed"}},
	// Answers.
	"get-retrieve-null":          {status: 500, called: "retrieve [null] [fred]", texts: []string{"soapenv:Server.userException", "No recording found"}},
	"soap-retrieve-null":         {status: 500, called: "retrieve [null] [fred]", texts: []string{"soapenv:Server.userException", "No recording found"}},
	"get-retrieve-ok":            {variants: []string{"rpc-bytes", "wrapped-bytes"}, status: 200, called: "retrieve [21] [fred]", texts: []string{"<retrieveReturn xsi:type=\"xsd:string\">UklGR"}},
	"get-retrieve-accept-octet":  {variants: []string{"rpc-bytes", "wrapped-bytes"}, status: 200, called: "retrieve [21] [fred]", texts: []string{"<retrieveReturn xsi:type=\"xsd:string\">UklGR"}},
	"get-retrieve-gzip":          {variants: []string{"rpc-bytes", "wrapped-bytes"}, status: 200, called: "retrieve [21] [fred]", texts: []string{"<retrieveReturn xsi:type=\"xsd:string\">UklGR"}},
	"get-retrieve-http10":        {variants: []string{"rpc-bytes", "wrapped-bytes"}, status: 200, called: "retrieve [21] [fred]", texts: []string{"<retrieveReturn xsi:type=\"xsd:string\">UklGR"}},
	"get-retrieveByUniqueId-ok":  {variants: []string{"rpc-bytes", "wrapped-bytes"}, status: 200, called: "retrieveByUniqueId [123482532.123] [fred]", texts: []string{"<retrieveByUniqueIdReturn xsi:type=\"xsd:string\">UklGR"}},
	"soap-retrieve-ok":           {variants: []string{"rpc-bytes"}, status: 200, called: "retrieve [21] [fred]", texts: []string{"<retrieveReturn xsi:type=\"xsd:string\">UklGR"}},
	"soap-retrieveByUniqueId-ok": {variants: []string{"rpc-bytes"}, status: 200, called: "retrieveByUniqueId [123482532.123] [fred]", texts: []string{"<retrieveByUniqueIdReturn xsi:type=\"xsd:string\">UklGR"}},
	"fault-npe":                  {status: 500, called: "start [npe] [22]", texts: []string{"soapenv:Server.userException", "<faultstring>internal error</faultstring>"}},
	"get-error-npe":              {status: 500, called: "start [npe] [22]", texts: []string{"soapenv:Server.userException", "<faultstring>internal error</faultstring>"}},
	"fault-axisfault":            {status: 500, called: "start [axisfault] [22]", texts: []string{"soapenv:Server.userException", "<faultstring>no such channel</faultstring>"}},
	"get-error-axisfault":        {status: 500, called: "start [axisfault] [22]", texts: []string{"soapenv:Server.userException", "<faultstring>no such channel</faultstring>"}},
	// Pages, WSDL and other services.
	"endpoint-plain-get":     {status: 200, texts: []string{"text/html;charset=utf-8\n", "method=retrieveByUniqueId", "?wsdl"}},
	"endpoint-options":       {status: 405},
	"list-page":              {status: 200, texts: []string{"njadmin-api-recording?wsdl", "retrieveByUniqueId"}},
	"list-page-slash":        {status: 200, texts: []string{"njadmin-api-recording?wsdl"}},
	"qs-list":                {status: 403, texts: []string{"?list is switched off"}},
	"unknown-service-get":    {status: 404, texts: []string{"no service at this address"}},
	"unknown-service-wsdl":   {status: 404, texts: []string{"no service at this address"}},
	"unknown-service-method": {status: 500, texts: []string{"ns1:Server.NoService", "there is no service &quot;nosuch&quot;"}},
	"soap-unknown-service":   {status: 500, texts: []string{"ns1:Server.NoService", "there is no service &quot;nosuch&quot;"}},
	"soap-to-services-root":  {status: 500, texts: []string{"ns1:Server.NoService", "there is no service &quot;&quot;"}},
	"wsdl":                   {status: 200, texts: []string{"targetNamespace=\"urn:njadmin-api-recording\"", "location=\"http://pbx.example/servicemanager/services/njadmin-api-recording\""}},
	"wsdl-upper":             {status: 200, texts: []string{"targetNamespace=\"urn:njadmin-api-recording\""}},
}
