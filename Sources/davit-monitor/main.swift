// davit-monitor
