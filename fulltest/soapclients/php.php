<?php
// Plays the calls on its standard input through PHP's SoapClient; doc.go says how.
ini_set('default_socket_timeout', '30');
$client = new SoapClient($argv[1], ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true]);
while (($line = fgets(STDIN)) !== false) {
    $call = json_decode($line, true, 8, JSON_THROW_ON_ERROR);
    try {
        $answer = $client->__soapCall($call['method'], [$call['args']]);
        $out = ['value' => $answer->{$call['method'] . 'Return'}];
    } catch (SoapFault $fault) {
        $out = ['fault' => $fault->getMessage()];
    }
    echo json_encode($out, JSON_THROW_ON_ERROR), "\n";
}
