// davit
