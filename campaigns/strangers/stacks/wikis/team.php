<?php $conf["title"] = "The team"; $conf["useacl"] = 0;
