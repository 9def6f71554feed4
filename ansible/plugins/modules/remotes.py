#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Runs sremote on a host, and tells Ansible what it said."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: remotes
short_description: Make remote.yaml of Singularity or Apptainer say what a config says
description:
  - Runs C(sremote apply) on the host, in check mode C(sremote plan).
  - The host needs the binary of sremote; the role P(sremote.sremote.sremote#role) installs it.
version_added: 0.1.0
author: The sremote authors
options:
  config:
    description: The config on the host, C(.ts), C(.js), C(.json) or C(.yaml).
    type: path
  definition:
    description: The config itself, in the words of a JSON config.
    type: dict
  scope:
    description: Whose remotes, the whole machine's or those of the user who runs the task.
    type: str
    choices: [global, user]
    default: global
  runtime:
    description: Whose remote.yaml, where the config does not say.
    type: str
    choices: [singularity, apptainer]
  root:
    description: A folder that stands for C(/).
    type: path
  remote_file:
    description: This very remote.yaml.
    type: path
  sysconfdir:
    description: The folder that holds C(singularity/) and C(apptainer/).
    type: path
  vars:
    description: Values for a config that is a function, as C(--var) gives them.
    type: dict
    default: {}
  skip_login:
    description: Leave logging in out.
    type: bool
    default: false
  skip_check:
    description: Leave the required services out.
    type: bool
    default: false
  allow_mass_removal:
    description: More than half of a file's remotes may go.
    type: bool
    default: false
  strict_owner:
    description: Refuse a config that somebody else can change.
    type: bool
    default: false
  lock_timeout:
    description: Seconds to wait for another sremote.
    type: int
    default: 10
  token:
    description:
      - A token for a remote whose C(login) names the variable O(token_variable). It goes there, and into no argument.
    type: str
  token_variable:
    description: The name of the variable that O(token) is given in.
    type: str
    default: SREMOTE_TOKEN
  executable:
    description: The binary, by its path or its name in C(PATH).
    type: str
    default: sremote
attributes:
  check_mode:
    description: Nothing is written; what would be changed is told.
    support: full
  diff_mode:
    description: The lines of remote.yaml before and after, tokens masked.
    support: full
"""

EXAMPLES = r"""
- name: The machine's remotes, from a config on the host
  sremote.sremote.remotes:
    config: /etc/sremote/remotes.ts

- name: The machine's remotes, as they stand here
  sremote.sremote.remotes:
    definition:
      remotes:
        company: { uri: enterprise.example.com, scope: global }
      default: company

- name: My own, with a token from the vault
  sremote.sremote.remotes:
    scope: user
    definition:
      remotes:
        company: { uri: enterprise.example.com, login: { env: SREMOTE_TOKEN } }
    token: "{{ vault_company_token }}"
"""

RETURN = r"""
plans:
  description: What was planned, or done, for each file, as C(sremote --json) gives it.
  returned: success
  type: list
  elements: dict
code:
  description: The stable code of sremote's error.
  returned: failure
  type: str
  sample: locked
rc:
  description: sremote's exit code.
  returned: always
  type: int
"""

import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

# All of the task's environment that sremote may see.
KEPT = ("PATH", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")


def flags_of(params, config):
    """The arguments that plan and apply have in common."""
    flags = ["--config", config, "--lock-timeout", str(params["lock_timeout"])]
    if params["scope"] == "global":
        flags.append("--global")
    for name in ("runtime", "root", "remote_file", "sysconfdir"):
        if params[name] is not None:
            flags += ["--" + name.replace("_", "-"), params[name]]
    for name, value in sorted(params["vars"].items()):
        flags += ["--var", "%s=%s" % (name, value)]
    for name in ("skip_login", "skip_check", "strict_owner"):
        if params[name]:
            flags.append("--" + name.replace("_", "-"))
    return flags


def fail(module, rc, out, err):
    """sremote's error is a document, where it came so far."""
    try:
        error = json.loads(out)["error"]
        text, code = error["message"], error["code"]
        if error.get("next"):
            text += ". Next: " + error["next"]
    except (ValueError, KeyError, TypeError):
        text, code = err.strip() or "sremote ended with %d and said nothing" % rc, None
    module.fail_json(msg=text, code=code, rc=rc)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            config=dict(type="path"),
            definition=dict(type="dict"),
            scope=dict(type="str", choices=["global", "user"], default="global"),
            runtime=dict(type="str", choices=["singularity", "apptainer"]),
            root=dict(type="path"),
            remote_file=dict(type="path"),
            sysconfdir=dict(type="path"),
            vars=dict(type="dict", default={}),
            skip_login=dict(type="bool", default=False),
            skip_check=dict(type="bool", default=False),
            allow_mass_removal=dict(type="bool", default=False),
            strict_owner=dict(type="bool", default=False),
            lock_timeout=dict(type="int", default=10),
            token=dict(type="str", no_log=True),
            token_variable=dict(type="str", default="SREMOTE_TOKEN", no_log=False),
            executable=dict(type="str", default="sremote"),
        ),
        mutually_exclusive=[("config", "definition")],
        required_one_of=[("config", "definition")],
        supports_check_mode=True,
    )
    params = module.params
    executable = params["executable"]
    if os.sep not in executable:
        executable = module.get_bin_path(executable, required=True)
    environment = dict((name, os.environ[name]) for name in KEPT if name in os.environ)
    if params["token"] is not None:
        environment[params["token_variable"]] = params["token"]

    config = params["config"]
    if config is None:
        # A folder of our own: the file's name says its kind.
        config = os.path.join(tempfile.mkdtemp(dir=module.tmpdir), "remotes.json")
        with open(config, "w") as file:
            json.dump(params["definition"], file)
    flags = flags_of(params, config)

    # run_command adds to what there is: sremote sees this, and nothing else.
    os.environ.clear()
    os.environ.update(environment)

    def run(*words):
        return module.run_command([executable] + list(words) + flags)

    result = {}
    if module._diff:
        rc, out, err = run("plan", "--diff", "--no-color")
        if rc == 0:
            # The diff of each file, then the plan's own words, with blank lines between.
            diffs = [one for one in out.split("\n\n") if one.startswith("--- ")]
            result["diff"] = {"prepared": "".join(one.rstrip("\n") + "\n" for one in diffs)}
    if module.check_mode:
        rc, out, err = run("plan", "--json")
    else:
        more = ["--allow-mass-removal"] if params["allow_mass_removal"] else []
        rc, out, err = run("apply", "--yes", "--json", *more)
    if rc != 0:
        fail(module, rc, out, err)
    try:
        document = json.loads(out)
    except ValueError:
        module.fail_json(msg="sremote's answer is not JSON: is %s another program?" % executable, rc=rc)
    result.update(
        changed=document["changed"],
        plans=document.get("plans", document.get("results", [])),
        rc=rc,
    )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
