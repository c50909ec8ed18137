// davit-image
