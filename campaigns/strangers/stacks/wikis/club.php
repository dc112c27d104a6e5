<?php $conf["title"] = "The club"; $conf["useacl"] = 0;
