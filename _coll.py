import cProfile,pstats,pytest,sys,time
p=cProfile.Profile(); p.enable()
pytest.main(["--collect-only","-m","not prove"])
p.disable(); s=pstats.Stats(p); s.sort_stats("cumtime").print_stats(70)
