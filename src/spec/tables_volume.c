/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables of volumes: the sources that sidepod provides, then those of clusters and clouds. */
#include "spec/tables_internal.h"

#define S sp_k_volume
const struct sp_field sp_fields_volume[] = {
	STR(name, "name", "Name that volumeMounts use." VALUES("DNS label")),
	OBJ(EMPTY_DIR, empty_dir, "emptyDir",
	    "A directory, empty at first, that goes away with the pod." DEF(
		    "when no source is given")),
	OBJ(HOST_PATH, host_path, "hostPath", "A path of the machine."),
	OBJ(CONFIG_MAP_VOLUME, config_map, "configMap", "Keys of a ConfigMap as files."),
	OBJ(SECRET_VOLUME, secret, "secret", "Keys of a Secret as files, kept in memory."),
	OBJ(DOWNWARD, downward, "downwardAPI", "Fields of the pod as files."),
	OBJ(PROJECTED, projected, "projected", "Several sources in one directory."),
	OBJ(PVC_REF, pvc, "persistentVolumeClaim", "Storage that outlives the pod."),
	NO_OBJ(IMAGE_VOLUME, "image", "Files of an image.", MINOR(33)),
	NO_OBJ(EPHEMERAL_VOLUME, "ephemeral", "A claim that lives as long as the pod."),
	NO_OBJ(CSI, "csi", "Volume of a storage driver."),
	NO_OBJ(NFS, "nfs", "Directory of an NFS server."),
	NO_OBJ(ISCSI, "iscsi", "Disk over iSCSI."),
	NO_OBJ(GLUSTERFS, "glusterfs", "GlusterFS volume."),
	NO_OBJ(RBD, "rbd", "Ceph block device."),
	NO_OBJ(FLEX, "flexVolume", "Volume of a FlexVolume driver."),
	NO_OBJ(CINDER, "cinder", "OpenStack volume."),
	NO_OBJ(CEPHFS, "cephfs", "Ceph file system."),
	NO_OBJ(FLOCKER, "flocker", "Flocker data set."),
	NO_OBJ(FC, "fc", "Disk over Fibre Channel."),
	NO_OBJ(AZURE_FILE, "azureFile", "Azure file share."),
	NO_OBJ(AZURE_DISK, "azureDisk", "Azure disk."),
	NO_OBJ(VSPHERE, "vsphereVolume", "vSphere disk."),
	NO_OBJ(QUOBYTE, "quobyte", "Quobyte volume."),
	NO_OBJ(PHOTON, "photonPersistentDisk", "Photon Controller disk."),
	NO_OBJ(PORTWORX, "portworxVolume", "Portworx volume."),
	NO_OBJ(SCALE_IO, "scaleIO", "ScaleIO volume."),
	NO_OBJ(STORAGE_OS, "storageos", "StorageOS volume."),
	NO_OBJ(GCE_DISK, "gcePersistentDisk", "Google Compute Engine disk."),
	NO_OBJ(AWS_DISK, "awsElasticBlockStore", "Amazon block store volume."),
	NO_OBJ(GIT_REPO, "gitRepo", "A clone of a Git repository."),
	END};
#undef S

#define S sp_k_empty_dir
const struct sp_field sp_fields_empty_dir[] = {
	STR(medium, "medium", "Memory: keep it in memory (tmpfs)." DEF("the machine's disk")),
	QUANTITY(size_limit, "sizeLimit", "How much may be stored."), END};
#undef S

#define S sp_k_host_path
const struct sp_field sp_fields_host_path[] = {
	STR(path, "path", "Path on the machine."),
	STR(type, "type",
	    "What must be there, or is created." DEF("no check")
		    VALUES("Directory, DirectoryOrCreate, File, FileOrCreate, Socket, CharDevice, "
			   "BlockDevice")),
	END};
#undef S

#define S sp_k_object_volume
const struct sp_field sp_fields_config_map_volume[] = {
	STR(name, "name", "Name of the ConfigMap."),
	OBJS(ITEM, items, "items", "Which keys become which files." DEF("all, by their names")),
	INT32(default_mode, "defaultMode", "Mode of the files." DEF("0644") VALUES("0 … 0777")),
	BOOL(optional, "optional", "Go on without it when it is missing." DEF("false")), END};

const struct sp_field sp_fields_secret_volume[] = {
	STR(name, "secretName", "Name of the Secret."),
	OBJS(ITEM, items, "items", "Which keys become which files." DEF("all, by their names")),
	INT32(default_mode, "defaultMode", "Mode of the files." DEF("0644") VALUES("0 … 0777")),
	BOOL(optional, "optional", "Go on without it when it is missing." DEF("false")), END};

const struct sp_field sp_fields_object_projection[] = {
	STR(name, "name", "Name of the object."),
	OBJS(ITEM, items, "items", "Which keys become which files." DEF("all, by their names")),
	BOOL(optional, "optional", "Go on without it when it is missing." DEF("false")), END};
#undef S

#define S sp_k_item
const struct sp_field sp_fields_item[] = {
	STR(key, "key", "Key of the object."), STR(path, "path", "File below the mount."),
	INT32(mode, "mode", "Mode of this file." DEF("defaultMode") VALUES("0 … 0777")), END};
#undef S

#define S sp_k_downward
const struct sp_field sp_fields_downward[] = {
	OBJS(DOWNWARD_ITEM, items, "items", "The files."),
	INT32(default_mode, "defaultMode", "Mode of the files." DEF("0644") VALUES("0 … 0777")),
	END};

const struct sp_field sp_fields_downward_projection[] = {
	OBJS(DOWNWARD_ITEM, items, "items", "The files."), END};
#undef S

#define S sp_k_downward_item
const struct sp_field sp_fields_downward_item[] = {
	STR(path, "path", "File below the mount."),
	OBJ(FIELD_REF, field, "fieldRef", "A field of the pod."),
	OBJ(RES_FIELD_REF, resource, "resourceFieldRef", "A request or limit of a container."),
	INT32(mode, "mode", "Mode of this file." DEF("defaultMode") VALUES("0 … 0777")), END};
#undef S

#define S sp_k_projected
const struct sp_field sp_fields_projected[] = {
	OBJS(PROJECTION, sources, "sources", "What the directory is made of."),
	INT32(default_mode, "defaultMode", "Mode of the files." DEF("0644") VALUES("0 … 0777")),
	END};
#undef S

#define S sp_k_projection
const struct sp_field sp_fields_projection[] = {
	OBJ(OBJECT_PROJECTION, config_map, "configMap", "Keys of a ConfigMap."),
	OBJ(OBJECT_PROJECTION, secret, "secret", "Keys of a Secret."),
	OBJ(DOWNWARD_PROJECTION, downward, "downwardAPI", "Fields of the pod."),
	NO_OBJ(TOKEN_PROJECTION, "serviceAccountToken", "A token for the Kubernetes API."),
	NO_OBJ(TRUST_PROJECTION, "clusterTrustBundle", "Certificates to trust."),
	NO_OBJ(CERT_PROJECTION, "podCertificate", "A key and a certificate of the pod."),
	END};
#undef S

const struct sp_field sp_fields_token_projection[] = {
	NO(STR, "audience", "Who accepts the token." DEF("the API server")),
	NO(INT64, "expirationSeconds", "How long it is valid." DEF("3600") VALUES("at least 600")),
	NO(STR, "path", "File below the mount."), END};

const struct sp_field sp_fields_trust_projection[] = {
	NO(STR, "name", "One ClusterTrustBundle."),
	NO(STR, "signerName", "All of this signer."),
	NO_OBJ(SELECTOR, "labelSelector", "Those of the signer with these labels."),
	NO(STR, "path", "File below the mount."),
	NO(BOOL, "optional", "May it be missing?"),
	END};

const struct sp_field sp_fields_cert_projection[] = {
	NO(STR, "signerName", "Who signs."),
	NO(STR, "keyType", "Kind of key."),
	NO(INT32, "maxExpirationSeconds", "Longest validity."),
	NO(STR, "credentialBundlePath", "File with key and chain."),
	NO(STR, "keyPath", "File with the key."),
	NO(STR, "certificateChainPath", "File with the chain."),
	NO(MAP, "userAnnotations", "Texts for the signer."),
	END};

#define S sp_k_pvc_ref
const struct sp_field sp_fields_pvc_ref[] = {
	STR(claim_name, "claimName", "Name of the PersistentVolumeClaim."),
	BOOL(read_only, "readOnly", "No writing." DEF("false")), END};
#undef S

const struct sp_field sp_fields_image_volume[] = {
	NO(STR, "reference", "Reference of the image."),
	NO(STR, "pullPolicy", "When the registry is asked."), END};

const struct sp_field sp_fields_ephemeral_volume[] = {
	NO_OBJ(PVC_TEMPLATE, "volumeClaimTemplate", "The claim to make."), END};

const struct sp_field sp_fields_pvc_template[] = {
	NO_OBJ(META, "metadata", "Labels and annotations of the claim."),
	NO_OBJ(PVC_SPEC, "spec", "What is claimed."), END};

/* ---- storage of clusters and clouds --------------------------------------------------------- */

#define FS_TYPE   NO(STR, "fsType", "File system on it.")
#define READ_ONLY NO(BOOL, "readOnly", "No writing.")
#define LOGIN     NO_OBJ(NAME_REF, "secretRef", "Secret with the login.")
#define VOLUME_ID NO(STR, "volumeID", "Identity of the volume.")

const struct sp_field sp_fields_csi[] = {
	NO(STR, "driver", "Name of the driver."),
	READ_ONLY,
	FS_TYPE,
	NO(MAP, "volumeAttributes", "Settings for the driver."),
	NO_OBJ(NAME_REF, "nodePublishSecretRef", "Secret for the driver."),
	END};

const struct sp_field sp_fields_nfs[] = {NO(STR, "server", "Name or address of the server."),
					 NO(STR, "path", "Directory of the server."), READ_ONLY,
					 END};

const struct sp_field sp_fields_iscsi[] = {NO(STR, "targetPortal", "Address of the target."),
					   NO(STR, "iqn", "Name of the target."),
					   NO(INT32, "lun", "Number of the disk."),
					   NO(STR, "iscsiInterface", "Interface to use."),
					   FS_TYPE,
					   READ_ONLY,
					   NO(STRS, "portals", "More addresses of the target."),
					   NO(BOOL, "chapAuthDiscovery", "Log in for discovery."),
					   NO(BOOL, "chapAuthSession", "Log in for the session."),
					   LOGIN,
					   NO(STR, "initiatorName", "Name of this side."),
					   END};

const struct sp_field sp_fields_glusterfs[] = {
	NO(STR, "endpoints", "Endpoints object with the servers."),
	NO(STR, "path", "Name of the volume."), READ_ONLY, END};

const struct sp_field sp_fields_rbd[] = {NO(STRS, "monitors", "Addresses of the monitors."),
					 NO(STR, "image", "Name of the image."),
					 FS_TYPE,
					 NO(STR, "pool", "Pool of the image."),
					 NO(STR, "user", "User name."),
					 NO(STR, "keyring", "File with the key."),
					 LOGIN,
					 READ_ONLY,
					 END};

const struct sp_field sp_fields_flex[] = {
	NO(STR, "driver", "Name of the driver."),       FS_TYPE, LOGIN, READ_ONLY,
	NO(MAP, "options", "Settings for the driver."), END};

const struct sp_field sp_fields_cinder[] = {VOLUME_ID, FS_TYPE, READ_ONLY, LOGIN, END};

const struct sp_field sp_fields_cephfs[] = {NO(STRS, "monitors", "Addresses of the monitors."),
					    NO(STR, "path", "Directory to mount."),
					    NO(STR, "user", "User name."),
					    NO(STR, "secretFile", "File with the key."),
					    LOGIN,
					    READ_ONLY,
					    END};

const struct sp_field sp_fields_flocker[] = {NO(STR, "datasetName", "Name of the data set."),
					     NO(STR, "datasetUUID", "Identity of the data set."),
					     END};

const struct sp_field sp_fields_fc[] = {NO(STRS, "targetWWNs", "Names of the targets."),
					NO(INT32, "lun", "Number of the disk."),
					FS_TYPE,
					READ_ONLY,
					NO(STRS, "wwids", "Identities of the disk."),
					END};

const struct sp_field sp_fields_azure_file[] = {NO(STR, "secretName", "Secret with the account."),
						NO(STR, "shareName", "Name of the share."),
						READ_ONLY, END};

const struct sp_field sp_fields_azure_disk[] = {NO(STR, "diskName", "Name of the disk."),
						NO(STR, "diskURI", "Address of the disk."),
						NO(STR, "cachingMode", "How it is cached."),
						FS_TYPE,
						READ_ONLY,
						NO(STR, "kind", "Kind of disk."),
						END};

const struct sp_field sp_fields_vsphere[] = {
	NO(STR, "volumePath", "Path of the disk."), FS_TYPE,
	NO(STR, "storagePolicyName", "Name of the storage policy."),
	NO(STR, "storagePolicyID", "Identity of the storage policy."), END};

const struct sp_field sp_fields_quobyte[] = {NO(STR, "registry", "Addresses of the registries."),
					     NO(STR, "volume", "Name of the volume."),
					     READ_ONLY,
					     NO(STR, "user", "User of the mount."),
					     NO(STR, "group", "Group of the mount."),
					     NO(STR, "tenant", "Owner of the volume."),
					     END};

const struct sp_field sp_fields_photon[] = {NO(STR, "pdID", "Identity of the disk."), FS_TYPE, END};

const struct sp_field sp_fields_portworx[] = {VOLUME_ID, FS_TYPE, READ_ONLY, END};

const struct sp_field sp_fields_scale_io[] = {NO(STR, "gateway", "Address of the gateway."),
					      NO(STR, "system", "Name of the storage system."),
					      LOGIN,
					      NO(BOOL, "sslEnabled", "Use TLS."),
					      NO(STR, "protectionDomain", "Protection domain."),
					      NO(STR, "storagePool", "Pool of the domain."),
					      NO(STR, "storageMode", "Thick or thin."),
					      NO(STR, "volumeName", "Name of the volume."),
					      FS_TYPE,
					      READ_ONLY,
					      END};

const struct sp_field sp_fields_storage_os[] = {NO(STR, "volumeName", "Name of the volume."),
						NO(STR, "volumeNamespace", "Its namespace."),
						FS_TYPE,
						READ_ONLY,
						LOGIN,
						END};

const struct sp_field sp_fields_gce_disk[] = {NO(STR, "pdName", "Name of the disk."), FS_TYPE,
					      NO(INT32, "partition", "Partition; 0 is the disk."),
					      READ_ONLY, END};

const struct sp_field sp_fields_aws_disk[] = {
	VOLUME_ID, FS_TYPE, NO(INT32, "partition", "Partition; 0 is the disk."), READ_ONLY, END};

const struct sp_field sp_fields_git_repo[] = {NO(STR, "repository", "Address of the repository."),
					      NO(STR, "revision", "Commit to check out."),
					      NO(STR, "directory", "Directory to clone into."),
					      END};
