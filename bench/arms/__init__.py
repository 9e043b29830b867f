"""What is measured: the bare path, the LiteLLM proxy and the mesh, each as processes behind doors."""
