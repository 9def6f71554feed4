#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Runs sremote on a host and reports the result to Ansible."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: remotes
short_description: Update remote.yaml of Singularity or Apptainer to match a config
description:
  - Runs C(sremote apply) on the host, or C(sremote plan) in check mode.
  - The host needs the sremote binary; the role P(sremote.sremote.sremote#role) installs it.
version_added: 0.1.0
author: The sremote authors
options:
  config:
    description: The config on the host, C(.ts), C(.js), C(.json) or C(.yaml).
    type: path
  definition:
    description: The config itself, with the fields of a JSON config.
    type: dict
  scope:
    description: C(global) updates the global file, C(user) the file of the user who runs the task.
    type: str
    choices: [global, user]
    default: global
  runtime:
    description: The program whose remote.yaml to update, if the config does not name one.
    type: str
    choices: [singularity, apptainer]
  root:
    description: Use this directory as the root directory.
    type: path
  remote_file:
    description: Use this remote.yaml.
    type: path
  sysconfdir:
    description: The directory that contains C(singularity/) and C(apptainer/).
    type: path
  vars:
    description: Variables for the config, like C(--var).
    type: dict
    default: {}
  skip_login:
    description: Skip login steps.
    type: bool
    default: false
  skip_check:
    description: Skip checks of required services.
    type: bool
    default: false
  allow_mass_removal:
    description: Allow removing more than half of the remotes of a file.
    type: bool
    default: false
  strict_owner:
    description: Refuse a config that others can change.
    type: bool
    default: false
  lock_timeout:
    description: Seconds to wait for another sremote process.
    type: int
    default: 10
  token:
    description:
      - The token for a remote whose C(login) names the variable O(token_variable). It is passed in the environment, never in an argument.
    type: str
  token_variable:
    description: The name of the environment variable for O(token).
    type: str
    default: SREMOTE_TOKEN
  executable:
    description: Path of the binary, or its name in C(PATH).
    type: str
    default: sremote
attributes:
  check_mode:
    description: Writes nothing and reports what would change.
    support: full
  diff_mode:
    description: Shows the lines of remote.yaml before and after, with masked tokens.
    support: full
"""

EXAMPLES = r"""
- name: Update the global remotes from a config on the host
  sremote.sremote.remotes:
    config: /etc/sremote/remotes.ts

- name: Update the global remotes from this definition
  sremote.sremote.remotes:
    definition:
      remotes:
        company: { uri: enterprise.example.com, scope: global }
      default: company

- name: Update the user remotes, with a token from the vault
  sremote.sremote.remotes:
    scope: user
    definition:
      remotes:
        company: { uri: enterprise.example.com, login: { env: SREMOTE_TOKEN } }
    token: "{{ vault_company_token }}"
"""

RETURN = r"""
plans:
  description: The plan or result for each file, as printed by C(sremote --json).
  returned: success
  type: list
  elements: dict
code:
  description: The stable code of the error.
  returned: failure
  type: str
  sample: locked
rc:
  description: The exit code.
  returned: always
  type: int
"""

import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

# The variables of the task that sremote may see.
KEPT = ("PATH", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")


def flags_of(params, config):
    """The arguments of both plan and apply."""
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
    """Reports the error document, if sremote printed one."""
    try:
        error = json.loads(out)["error"]
        text, code = error["message"], error["code"]
        if error.get("next"):
            text += ". Next: " + error["next"]
    except (ValueError, KeyError, TypeError):
        text, code = err.strip() or "sremote exited with %d and printed nothing" % rc, None
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
        # In a new directory, so that the file can have the extension of its format.
        config = os.path.join(tempfile.mkdtemp(dir=module.tmpdir), "remotes.json")
        with open(config, "w") as file:
            json.dump(params["definition"], file)
    flags = flags_of(params, config)

    # run_command adds to the environment: sremote sees only these variables.
    os.environ.clear()
    os.environ.update(environment)

    def run(*words):
        return module.run_command([executable] + list(words) + flags)

    result = {}
    if module._diff:
        rc, out, err = run("plan", "--diff", "--no-color")
        if rc == 0:
            # The diff of each file, then the text of the plan, separated by blank lines.
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
        module.fail_json(msg="cannot parse the output of %s as JSON: is it sremote?" % executable, rc=rc)
    result.update(
        changed=document["changed"],
        plans=document.get("plans", document.get("results", [])),
        rc=rc,
    )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
