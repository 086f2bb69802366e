"""How far MLOps is, by the models of AWS, Microsoft and Google."""
