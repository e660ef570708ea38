import copy, yaml
from tests.integration.operator_site import *
from lab.toolchain import run_kubectl
operator_site, site = site_fixtures()
def test_x(site, namespace):
    crd=yaml.safe_load(open("crds/recordingstorages.yaml"))
    st=crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    print(st["properties"]["observedGeneration"])
    st["default"]={"observedGeneration": -1}
    st["properties"]["observedGeneration"].pop("minimum",None)
    run_kubectl(site.plane.admin_kubeconfig,"apply","--server-side","-f","-",stdin=yaml.safe_dump(crd))
    acme = site.customer(namespace)
    import time
    site.operator.stop()
    acme.make_storage(); time.sleep(1)
    print(acme.read())
    acme.make_secrets()
    site.operator.start()
    print(acme.until_ready())
