typedef int layer_not_empty;
